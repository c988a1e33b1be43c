"""The data of a run: its configured data set, or data of the user's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.config import RunConfig
from gwae_core.errors import ComponentError, ConfigError, DataError
from gwae_core.interfaces import DataArrays, Dataset

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
    try:
        return replace(arrays, x=np.ascontiguousarray(arrays.x, dtype=np.float32))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"the data must be numbers (n, *shape): {error}",
            hint="labels go with DataArrays(x, y=labels), files with the data set `arrays`",
        ) from error
