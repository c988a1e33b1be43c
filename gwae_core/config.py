"""`RunConfig`: everything that a run is made of, validated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, ValidationError, model_validator

from gwae_core.autoencoder import Autoencoder
from gwae_core.components import Component, ComponentConfig, Section
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
from gwae_core.registered import COMPONENTS, OwnPart, Registered, check_name, default_config
from gwae_core.training_config import TrainingConfig as TrainingConfig
from gwae_core.validation import explain
from gwae_core.yaml import apply_overrides, dump_yaml, parse_yaml

PARTS = ("reconstruction", "encoder", "decoder", "prior")
"""Parts of a model in the order in which they are built; the objective comes last."""


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


class RunConfig(Section):
    """A run: data, model, objective, training and evaluation."""

    schema_version: Literal[1] = 1
    """Version of this format."""
    seed: NonNegativeInt = 0
    """Seed of everything random; it changes random numbers only, never the architecture."""
    latent_dim: PositiveInt = Field(16, le=4096)
    """Number of latent dimensions."""
    data: Annotated[Dataset.Config, Registered(Dataset, "digits", own=True)] = Field(
        default_factory=default_config("dataset", "digits")
    )
    """Data set."""
    split: SplitConfig = SplitConfig()
    """Training, validation and test part."""
    encoder: Annotated[Encoder.Config, Registered(Encoder, "mlp", own=True)] = Field(
        default_factory=default_config("encoder", "mlp")
    )
    """Encoder q(z|x)."""
    decoder: Annotated[Decoder.Config, Registered(Decoder, "mlp", own=True)] = Field(
        default_factory=default_config("decoder", "mlp")
    )
    """Decoder g(z)."""
    prior: Annotated[Prior.Config, Registered(Prior, "gaussian-mixture", own=True)] = Field(
        default_factory=default_config("prior", "gaussian-mixture")
    )
    """Prior pi(z)."""
    reconstruction: Annotated[
        Reconstruction.Config, Registered(Reconstruction, "squared-error", own=True)
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

    @model_validator(mode="after")
    def _has_what_it_watches(self) -> RunConfig:
        if self.split.validation == 0:
            training = self.training
            needs = [
                *(["training.patience"] if training.patience is not None else []),
                *(["training.select: best"] if training.select == "best" else []),
            ]
            if needs:
                raise ValueError(
                    f"{' and '.join(needs)} cannot work without a validation part; set "
                    "split.validation above 0"
                )
        return self

    @classmethod
    def from_mapping(
        cls,
        values: Mapping[str, Any],
        *,
        source: str = "configuration",
        components: Sequence[type[Component]] = (),
    ) -> RunConfig:
        """Validate a mapping.

        Args:
            values: The mapping; components may be given as names, mappings or Configs.
            source: What errors call it.
            components: Classes of your own, registered by no plugin, that it may name.

        Raises:
            ConfigError: It names the source, the path, the value, what is allowed, and the nearest
                spelling.
            ComponentError: A class in ``components`` is wrongly declared, or its name is taken.
        """
        for component in components:
            component.check_declaration()
            check_name(component)
        try:
            return cls.model_validate(
                migrate(values, source=source), context={COMPONENTS: tuple(components)}
            )
        except ValidationError as error:
            raise explain(error, cls, values, source) from error

    @classmethod
    def from_yaml(
        cls,
        text: str,
        *,
        source: str = "configuration",
        components: Sequence[type[Component]] = (),
    ) -> RunConfig:
        """Read YAML text, as `from_mapping` reads a mapping."""
        return cls.from_mapping(
            parse_yaml(text, source=source), source=source, components=components
        )

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        *,
        overrides: tuple[str, ...] = (),
        components: Sequence[type[Component]] = (),
    ) -> RunConfig:
        """Read a YAML file, then apply overrides such as ``prior.num_components=20``.

        Raises:
            ConfigError: The file cannot be read, or what it says is not valid.
        """
        # Overrides name the fields of the present format.
        values = migrate(parse_yaml(read_text(Path(path)), source=str(path)), source=str(path))
        new = apply_overrides(values, overrides)
        try:
            return cls.from_mapping(new, source=str(path), components=components)
        except ConfigError as error:
            if error.hint is None:
                error.hint = _replaced_whole(overrides, error.message)
            raise

    @classmethod
    def of(cls, objective: Objective, *, base: RunConfig | None = None) -> RunConfig:
        """The configuration that builds an objective which was composed from objects.

        Args:
            objective: The objective, over parts that are components.
            base: Where the other fields (data, split, training, metrics) come from; None takes
                the defaults.

        Raises:
            ConfigError: A part is no component; the message names every one.
        """
        base = cls() if base is None else base
        children = dict(objective.named_children())
        parts = {name: children[name] for name in PARTS if name in children}
        found = {name: configuration(part) for name, part in parts.items()}
        found["objective"] = configuration(objective)
        parts["objective"] = objective
        if own := [name for name, config in found.items() if isinstance(config, OwnPart)]:
            names = ", ".join(f"{name} ({type(parts[name]).__name__})" for name in own)
            passed = ", ".join(f"{name!r}: ..." for name in own)
            raise ConfigError(
                f"no configuration describes the {names}",
                hint=f"train with run(config, parts={{{passed}}}) and take the run back with "
                f"load(folder, parts={{{passed}}}), or write components with a Config",
            )
        values = {**dict(base), **found}
        if isinstance(objective, Autoencoder):
            values["latent_dim"] = objective.latent_dim
        return cls.from_mapping(values, source="the objective")

    def with_objects(self, **objects: object) -> RunConfig:
        """The configuration of a run that is given objects in the place of some fields.

        An object that is a component brings its own configuration; of any other, the field says
        ``type: own``.
        """
        found = {name: configuration(value) for name, value in objects.items()}
        return type(self).from_mapping({**dict(self), **found})

    def to_yaml(self) -> str:
        """The configuration as YAML, every field written out; reading it gives an equal one."""
        return dump_yaml(self.model_dump(mode="json"))


def configuration(value: object) -> ComponentConfig:
    """The configuration that builds an object again, or `OwnPart` where there is none."""
    if isinstance(value, Component) and value.config.component is type(value):
        return value.config
    return OwnPart()


def _replaced_whole(overrides: Sequence[str], message: str) -> str | None:
    """What to write where a component's type was overridden and its other fields stayed."""
    for override in overrides:
        path, _, name = override.partition("=")
        component = path.strip().removesuffix(".type")
        if component != path.strip() and f"{component}." in message and "unknown" in message:
            return (
                f"{override} leaves the other fields of {component} as the file has them; "
                f"{component}={name.strip()} replaces it whole"
            )
    return None


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
