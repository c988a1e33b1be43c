"""The data of a run: its configured data set, or data of the user's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwae_core.config import RunConfig, TrainingConfig
from gwae_core.engine import BatchSource, Prefetched, TensorBatches
from gwae_core.errors import ComponentError, ConfigError, DataError
from gwae_core.interfaces import DataArrays, Dataset
from gwae_core.row_source import RowSource
from gwae_core.splits import Splits

READ_AHEAD = 2
"""Batches that are read ahead of data on disk, unless the settings say how many."""

OwnData = Dataset | DataArrays | NDArray[Any]
"""Data of the user's own: a data set, arrays with labels and factors, or data (n, *shape)."""


def load_data(config: RunConfig, data: OwnData | None) -> DataArrays:
    """The configured data, or the user's own in single precision.

    Raises:
        ConfigError: The configuration leaves the data to the user, who gave none.
        DataError: The data cannot be read, or are no numbers.
    """
    match data:
        case None:
            try:
                loaded: DataArrays = config.data.build().load()
            except ComponentError as error:
                raise ConfigError(f"data: {error.message}", hint=error.hint) from error
            return loaded
        case Dataset():
            return data.load()
        case DataArrays():
            arrays = data
        case _:
            arrays = DataArrays(data)
    if isinstance(arrays.x, RowSource):
        return arrays
    try:
        return replace(arrays, x=np.ascontiguousarray(arrays.x, dtype=np.float32))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"the data must be numbers (n, *shape): {error}",
            hint="labels go with DataArrays(x, y=labels), files with the data set `arrays`",
        ) from error


def rows_of(data: DataArrays) -> Tensor | RowSource:
    """The data as training reads them: a tensor, or rows on disk."""
    return data.x if isinstance(data.x, RowSource) else torch.from_numpy(data.x)


def in_memory(data: DataArrays) -> DataArrays:
    """The data, or of those on disk a random sample of rows (128 MiB), always the same one."""
    if not isinstance(data.x, RowSource):
        return data
    rows = data.x.sample_rows()
    return replace(
        data,
        x=data.x[rows],
        y=None if data.y is None else data.y[rows],
        factors=None if data.factors is None else data.factors[rows],
    )


def training_batches(train: DataArrays, training: TrainingConfig, *, seed: int) -> BatchSource:
    """Batches of the training split, read ahead by a thread where the settings say so."""
    rows = rows_of(train)
    batches = TensorBatches(rows, batch_size=training.batch_size, seed=seed)
    depth = training.prefetch
    if depth is None:
        depth = READ_AHEAD if isinstance(rows, RowSource) else 0
    return Prefetched(batches, depth=depth) if depth else batches


def validation_batches(splits: Splits) -> TensorBatches | None:
    """The validation split in memory, or None where it is empty."""
    if not len(splits.validation.x):
        return None
    held_out = torch.from_numpy(in_memory(splits.validation).array)
    return TensorBatches(held_out, batch_size=len(held_out))
