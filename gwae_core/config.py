"""`RunConfig`: everything that a run is made of, validated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from gwae_core.components import Section
from gwae_core.errors import ConfigError
from gwae_core.interfaces import (
    Dataset,
    Decoder,
    Encoder,
    Metric,
    Objective,
    Prior,
    Reconstruction,
    Tracker,
)
from gwae_core.migrations import migrate
from gwae_core.registered import Registered, default_config
from gwae_core.validation import explain
from gwae_core.yaml import apply_overrides, dump_yaml, parse_yaml


class SplitConfig(Section):
    """How the data are split: by seed, and stored with the run."""

    validation: float = Field(0.1, ge=0, lt=1)
    """Share of the data on which stopping and settings are decided."""
    test: float = Field(0.2, ge=0, lt=1)
    """Share of the data on which results are reported; a data set's own test part comes first."""
    seed: int | None = None
    """Seed of the split; null takes the run's."""
    stratify: bool = True
    """Keep the share of each label equal over the splits, where there are labels."""

    @model_validator(mode="after")
    def _leaves_training_data(self) -> SplitConfig:
        if self.validation + self.test >= 1:
            raise ValueError(
                f"validation ({self.validation}) and test ({self.test}) leave nothing to train on; "
                "their sum must be below 1"
            )
        return self


class TrainingConfig(Section):
    """Optimisation: length, batches, optimiser, schedule, and what is watched."""

    steps: PositiveInt = 1500
    """Training steps over all stages."""
    batch_size: PositiveInt = 128
    """Data points in a step."""
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    """Optimiser of every update group."""
    learning_rate: PositiveFloat = 1e-3
    """Learning rate, unless a part of the objective has its own."""
    weight_decay: NonNegativeFloat = 0.0
    """Decoupled for adamw, an L2 penalty for the others."""
    warmup_steps: NonNegativeInt = 100
    """Steps over which the rate rises from 0 at the start (at most a tenth of all)."""
    decay: float = Field(0.3, ge=0, le=1)
    """Last share of all steps over which the rate falls to 0."""
    gradient_clip: PositiveFloat | None = 10.0
    """Largest gradient norm of an update group; null leaves gradients as they are."""
    validate_every: PositiveInt = 200
    """Steps between two evaluations of the loss terms on the validation split."""
    log_every: PositiveInt = 50
    """Steps between two records of all terms and their gradient norms."""
    monitor: str = "total"
    """Validation term that decides the best checkpoint and early stopping; ``total`` is the sum of
    all terms but the critic's."""
    patience: PositiveInt | None = None
    """Validations without improvement after which a stage stops; null never stops early."""
    select: Literal["last", "best"] = "last"
    """Checkpoint that is evaluated: after the last step, or of the best validation."""
    accelerator: str = "cpu"
    """Device as lightning-fabric names it: cpu, cuda, mps, auto."""
    precision: Literal["32-true", "64-true", "bf16-mixed", "16-mixed"] = "32-true"
    """Numeric precision as lightning-fabric names it."""
    threads: PositiveInt | None = None
    """CPU threads of torch; null leaves torch's own choice."""


class RunConfig(Section):
    """A run: data, model, objective, training and evaluation."""

    schema_version: Literal[1] = 1
    """Version of this format."""
    seed: NonNegativeInt = 0
    """Seed of everything random; it changes random numbers only, never the architecture."""
    latent_dim: PositiveInt = Field(16, le=4096)
    """Number of latent dimensions."""
    data: Annotated[Dataset.Config, Registered(Dataset, "digits")] = Field(
        default_factory=default_config("dataset", "digits")
    )
    """Data set."""
    split: SplitConfig = SplitConfig()
    """Training, validation and test part."""
    encoder: Annotated[Encoder.Config, Registered(Encoder, "mlp")] = Field(
        default_factory=default_config("encoder", "mlp")
    )
    """Encoder q(z|x)."""
    decoder: Annotated[Decoder.Config, Registered(Decoder, "mlp")] = Field(
        default_factory=default_config("decoder", "mlp")
    )
    """Decoder g(z)."""
    prior: Annotated[Prior.Config, Registered(Prior, "gaussian-mixture")] = Field(
        default_factory=default_config("prior", "gaussian-mixture")
    )
    """Prior pi(z)."""
    reconstruction: Annotated[
        Reconstruction.Config, Registered(Reconstruction, "squared-error")
    ] = Field(default_factory=default_config("reconstruction", "squared-error"))
    """How the decoder's output is read and compared with the data."""
    objective: Annotated[Objective.Config, Registered(Objective, "gwae")] = Field(
        default_factory=default_config("objective", "gwae")
    )
    """Training method."""
    training: TrainingConfig = TrainingConfig()
    """Optimisation."""
    metrics: tuple[Annotated[Metric.Config, Registered(Metric)], ...] = Field(
        default_factory=lambda: tuple(
            default_config("metric", name)()
            for name in ("reconstruction", "clustering", "geometry")
        )
    )
    """Metrics of the evaluation; those that do not apply to the data are left out."""
    trackers: tuple[Annotated[Tracker.Config, Registered(Tracker)], ...] = ()
    """Observers of the run."""

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, source: str = "configuration") -> RunConfig:
        """Validate a mapping.

        Raises:
            ConfigError: It names the source, the path, the value, what is allowed, and the nearest
                spelling.
        """
        try:
            return cls.model_validate(migrate(values, source=source))
        except ValidationError as error:
            raise explain(error, cls, values, source) from error

    @classmethod
    def from_yaml(cls, text: str, *, source: str = "configuration") -> RunConfig:
        """Read YAML text."""
        return cls.from_mapping(parse_yaml(text, source=source), source=source)

    @classmethod
    def from_file(cls, path: Path | str, *, overrides: tuple[str, ...] = ()) -> RunConfig:
        """Read a YAML file, then apply overrides such as ``prior.num_components=20``.

        Raises:
            ConfigError: The file cannot be read, or what it says is not valid.
        """
        # Overrides name the fields of the present format.
        values = migrate(parse_yaml(read_text(Path(path)), source=str(path)), source=str(path))
        return cls.from_mapping(apply_overrides(values, overrides), source=str(path))

    def to_yaml(self) -> str:
        """The configuration as YAML, every field written out; reading it gives an equal one."""
        return dump_yaml(self.model_dump(mode="json"))


def read_text(path: Path) -> str:
    """Read a UTF-8 text file.

    Raises:
        ConfigError: There is no such file, or it is not text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"no such file: {path}", hint="`gwae new FILE` writes a configuration to start from"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as text: {error}") from error
