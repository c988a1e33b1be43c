"""`fit`: train an objective to the end, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from gwae_core.config import TrainingConfig
from gwae_core.engine.batches import BatchSource, Iterated, TensorBatches
from gwae_core.engine.loop import Record, train
from gwae_core.interfaces import Objective


@dataclass(frozen=True)
class FitResult:
    """What `fit` returns.

    Attributes:
        objective: The trained objective, in evaluation mode.
        records: Every record of the run.
    """

    objective: Objective
    records: Sequence[Record] = field(repr=False)


def fit(
    objective: Objective,
    batches: Tensor | Iterable[object] | BatchSource,
    *,
    training: TrainingConfig | None = None,
    validation: Tensor | None = None,
    seed: int = 0,
) -> FitResult:
    """Train an objective to the end.

    Args:
        objective: What is trained, in place.
        batches: Data (n, *data_shape), or an iterable of batches such as a ``DataLoader``.
        training: Length, optimiser and schedule; the defaults of `TrainingConfig` if None.
        validation: Data (m, *data_shape) for the validation terms, or None.
        seed: Seed of batches and of all noise.
    """
    training = training or TrainingConfig()
    source = _source(batches, training, seed)
    held_out = None if validation is None else TensorBatches(validation, batch_size=len(validation))
    records = list(train(objective, source, training, validation=held_out, seed=seed))
    return FitResult(objective.eval(), records)


def _source(
    batches: Tensor | Iterable[object] | BatchSource, training: TrainingConfig, seed: int
) -> BatchSource:
    if isinstance(batches, BatchSource):
        return batches
    if isinstance(batches, Tensor):
        return TensorBatches(batches, batch_size=training.batch_size, seed=seed)
    return Iterated(batches)
