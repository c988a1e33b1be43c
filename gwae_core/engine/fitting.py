"""`train` an objective record by record, or `fit` it to the end, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwae_core.engine.batches import BatchSource, Iterated, TensorBatches
from gwae_core.engine.loop import Loop, Record
from gwae_core.interfaces import Objective
from gwae_core.training_config import TrainingConfig


@dataclass(frozen=True)
class FitResult:
    """What `fit` returns.

    Attributes:
        objective: The trained objective, in evaluation mode.
        records: Every record of the run.
    """

    objective: Objective
    records: Sequence[Record] = field(repr=False)


def train(
    objective: Objective,
    batches: BatchSource,
    training: TrainingConfig,
    *,
    validation: TensorBatches | None = None,
    seed: int = 0,
) -> Iterator[Record]:
    """Train an objective, yielding a record after each step and each validation.

    Raises:
        NotFiniteError: A term or gradient is NaN or infinite; parameters are those before the step.
        TrainingError: The posterior exploded beyond recovery.
        ConfigError: The monitored term does not exist.
    """
    return Loop(objective, batches, training, validation=validation, seed=seed).run()


def fit(
    objective: Objective,
    batches: NDArray[Any] | Tensor | Iterable[object] | BatchSource,
    *,
    training: TrainingConfig | None = None,
    validation: NDArray[Any] | Tensor | None = None,
    seed: int = 0,
) -> FitResult:
    """Train an objective to the end.

    Args:
        objective: What is trained, in place.
        batches: Data (n, *data_shape), or an iterable of batches such as a ``DataLoader``. An array
            becomes a tensor of torch's default dtype.
        training: Length, optimiser and schedule; the defaults of `TrainingConfig` if None.
        validation: Data (m, *data_shape) for the validation terms, or None.
        seed: Seed of batches and of all noise.
    """
    training = training or TrainingConfig()
    source = _source(batches, training, seed)
    held_out = None
    if validation is not None:
        held_out = TensorBatches(_tensor(validation), batch_size=len(validation))
    records = list(train(objective, source, training, validation=held_out, seed=seed))
    return FitResult(objective.eval(), records)


def _source(
    batches: NDArray[Any] | Tensor | Iterable[object] | BatchSource,
    training: TrainingConfig,
    seed: int,
) -> BatchSource:
    if isinstance(batches, BatchSource):
        return batches
    if isinstance(batches, np.ndarray | Tensor):
        return TensorBatches(_tensor(batches), batch_size=training.batch_size, seed=seed)
    return Iterated(batches)


def _tensor(x: NDArray[Any] | Tensor) -> Tensor:
    return x if isinstance(x, Tensor) else torch.tensor(x, dtype=torch.get_default_dtype())
