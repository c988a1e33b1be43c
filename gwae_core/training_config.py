"""`TrainingConfig`: the fields of a run that say how it is optimised."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from gwae_core.components import Section


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
    """Last share of all steps over which the rate falls; 0 keeps it constant."""
    decay_shape: Literal["linear", "cosine", "exponential"] = "linear"
    """How the rate falls."""
    decay_to: float = Field(0.0, ge=0, lt=1)
    """Share of the rate that it falls to."""
    gradient_clip: PositiveFloat | None = 10.0
    """Largest gradient norm of an update group; null leaves gradients as they are."""
    accumulate: PositiveInt = 1
    """Batches whose gradients are averaged for one update; terms are computed on each by itself."""
    ema_decay: float | None = Field(None, gt=0, lt=1)
    """Decay a step of an exponential moving average of the weights, which is then what is
    validated, saved and evaluated; null has none."""
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
    checkpoint_every: PositiveInt = 250
    """Steps between two saved training states, from which an interrupted run is resumed."""
    accelerator: str = "cpu"
    """Device as lightning-fabric names it: cpu, cuda, mps, auto."""
    precision: Literal["32-true", "64-true", "bf16-mixed", "16-mixed"] = "32-true"
    """Numeric precision as lightning-fabric names it; with a mixed one, encoder and decoder compute
    in 16 bits, and everything else in 32."""
    deterministic: bool = False
    """Refuse operations whose result may differ between two runs, as some have on a GPU."""
    prefetch: NonNegativeInt | None = None
    """Batches that a thread reads ahead while the model trains, in the same order as without; null
    takes 2 for data on disk and 0 for data in memory."""
    threads: PositiveInt | None = None
    """CPU threads of torch; null leaves torch's own choice."""

    @model_validator(mode="after")
    def _falls_to_something(self) -> TrainingConfig:
        if self.decay_shape == "exponential" and self.decay > 0 and self.decay_to == 0:
            raise ValueError(
                "decay_shape: exponential never reaches 0; set decay_to to the share of the rate "
                "to end with, such as 0.01"
            )
        return self
