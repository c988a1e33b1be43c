"""Arrays that commands read and write."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray

from gwae_core.errors import ConfigError
from gwae_core.files import write_npz
from gwae_core.model import Model
from gwae_core.registered import config_class


def check_npz(path: Path) -> None:
    """Refuse an output file that is no npz file, before anything is computed.

    Raises:
        ConfigError: The file name ends otherwise.
    """
    if path.suffix != ".npz":
        raise ConfigError(f"the output must end in .npz; got {path}")


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write named arrays and say what was written."""
    write_npz(path, arrays)
    shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    typer.echo(f"wrote {path}: {shapes}")


IN_MEMORY = {"on_disk": False, "y_path": None}
"""Codes of all rows are asked for at once, and no labels."""


def read_data(path: Path, model: Model) -> NDArray[np.float32]:
    """Read data (n, *data_shape) for a model, the way its own data were read from a file.

    Rows (n, p) are brought into the shape of the model's data where the sizes agree.

    Raises:
        DataError: The file cannot be read.
    """
    arrays: Any = config_class("dataset", "arrays")
    trained_on = model.config.data
    if isinstance(trained_on, arrays):
        if trained_on.model_dump()["scaling"] == "standardize":
            warnings.warn(
                f"each dimension is standardised over the rows of {path}, "
                "as the training data were over theirs",
                stacklevel=2,
            )
        settings = trained_on.model_copy(update={"path": path, **IN_MEMORY})
    else:
        settings = arrays.model_validate({"path": path, **IN_MEMORY})
    x: NDArray[np.float32] = settings.build().load().array
    flat = x.ndim == 2 or len(model.data_shape) == 1
    if flat and math.prod(x.shape[1:]) == math.prod(model.data_shape):
        return x.reshape(len(x), *model.data_shape)
    return x
