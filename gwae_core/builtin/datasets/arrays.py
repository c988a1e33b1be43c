"""Data of your own, from a file."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from gwae_core.builtin.datasets.array_file import RawArrays, read_arrays
from gwae_core.data_checks import check_finite
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays, Dataset
from gwae_core.stored_rows import RowFile, StoredRows

DISK_BYTES = 2**30
"""Size as single-precision numbers beyond which an .npy file stays on disk by itself."""
IMAGE_CHANNELS = (1, 3, 4)


class Arrays(Dataset):
    """Your own data from an npz, npy or csv file: images or a table.

    Arrays (n, p) are a table, (n, h, w) images of one channel, (n, c, h, w) or (n, h, w, c) images.
    A large .npy file stays on disk: rows are read when a batch needs them, statistics and checksum
    are computed in one pass, and evaluation, validation and what is fitted on codes take a random
    sample of 128 MiB of each part.

    Source: a file of your own.
    """

    class Config(Dataset.Config):
        """Parameters of the data set."""

        type: Literal["arrays"] = "arrays"
        path: Path
        """The file: .npz, .npy, .csv, .tsv or .txt; relative paths begin at the working folder."""
        x: str | None = None
        """Key of the data in an npz file; null takes ``x``, or the only array. In a csv file the
        data are all columns that are neither labels nor factors."""
        y: str | None = None
        """Key (npz) or column (csv) of the labels, integers or names; null takes ``y`` where it
        lies beside ``x`` in an npz file, else none. The columns of a csv file without a header are
        named 0, 1, ..."""
        factors: tuple[str, ...] = ()
        """Keys (npz) or columns (csv) of ground-truth factors."""
        y_path: Path | None = None
        """An .npy file of the labels, (n,), for data in an .npy file, which holds one array."""
        header: bool | None = None
        """Whether the first line of a csv file holds names; null finds out: it does unless all its
        cells are numbers, and where they count 0, 1, 2, ..."""
        shape: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] | None = None
        """Shape of one data point, such as [1, 28, 28] for 784 columns; null takes the file's."""
        channels: Literal["first", "last"] | None = None
        """Where images of four axes have their channels; null looks for the axis of 1, 3 or 4."""
        scaling: Literal["auto", "none", "bytes", "standardize"] = "auto"
        """``bytes`` divides by 255, ``standardize`` gives each dimension mean 0 and variance 1 over
        all rows, ``auto`` is ``bytes`` for images of 8-bit integers, else ``none``."""
        on_disk: bool | None = None
        """Whether the rows of an .npy file stay on disk and are read batch by batch; null leaves
        there what would take more than 1 GiB as single-precision numbers."""

    config: Config

    def load(self) -> DataArrays:
        """Read the data: x (n, *shape) in float32, y and factors where they are asked for.

        Raises:
            DataError: The file cannot be read, or holds what no model can train on.
        """
        config = self.config
        if (file := self._row_file()) is not None:
            return self._labelled(self._stored(file))
        raw = read_arrays(
            config.path, x=config.x, y=config.y, factors=config.factors, header=config.header
        )
        x = _numbers(raw.x, f"the data of {config.path}")
        self._check_lengths(raw)
        x = self._scaled(self._shaped(x), from_bytes=raw.x.dtype == np.uint8)
        check_finite(x, f"the data of {config.path}")
        y, names = (None, None) if raw.y is None else _labels(raw.y, f"data.y = {config.y!r}")
        factors = None
        if raw.factors is not None:
            factors = _numbers(raw.factors, "the factors").astype(np.float64)
            check_finite(factors, "the factors")
        return self._labelled(
            DataArrays(x, y=y, factors=factors, label_names=names, factor_names=raw.factor_names)
        )

    def _row_file(self) -> RowFile | None:
        """The file, where its rows stay on disk."""
        config = self.config
        if config.path.suffix.lower() != ".npy" or config.on_disk is False:
            if config.on_disk:
                raise DataError(
                    f"{config.path} cannot stay on disk: only the rows of an .npy file can",
                    hint="write the array by np.save, or set data.on_disk to false",
                )
            return None
        if not config.path.is_file() or (config.on_disk is None and self._fits()):
            return None  # the reader of arrays in memory reports what is missing
        return RowFile(config.path, shape=config.shape)

    def _fits(self) -> bool:
        """Whether the file may be read into memory, of which even objects take a byte each."""
        if 4 * self.config.path.stat().st_size <= DISK_BYTES:
            return True
        try:
            header = np.load(self.config.path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError):
            return True  # the reader of arrays in memory says what is wrong
        return 4 * header.size <= DISK_BYTES or not header.flags.c_contiguous

    def _stored(self, file: RowFile) -> DataArrays:
        """Data that stay on disk."""
        _numbers(file.array, f"the data of {self.config.path}")
        self._check_lengths(RawArrays(file.array))
        shaped = self._shaped(file.array)
        scaling = self.config.scaling
        if scaling == "standardize":
            raise DataError(
                f"{self.config.path} stays on disk, where `scaling: standardize` cannot be applied",
                hint="take scaling none: encoders standardise by default; or set data.on_disk to "
                "false",
            )
        if scaling == "auto":
            is_image = file.array.dtype == np.uint8 and shaped.ndim == 4
            scaling = "bytes" if is_image else "none"
        rows = StoredRows(
            np.arange(len(shaped)),
            tuple(shaped.shape[1:]),
            str(self.config.path),
            file,
            divisor=255.0 if scaling == "bytes" else 1.0,
            channels_last=file.array.ndim == 4 and self._channels_last(file.array.shape),
        )
        return DataArrays(rows)

    def _labelled(self, data: DataArrays) -> DataArrays:
        """The data with the labels of a file of their own, where there is one."""
        path = self.config.y_path
        if path is None:
            return data
        if data.y is not None:
            raise DataError(
                f"{self.config.path} brings labels, and data.y_path = {path} does too",
                hint="leave one of them out",
            )
        raw = read_arrays(path).x
        if len(raw) != len(data.x):
            raise DataError(f"{self.config.path} has {len(data.x)} rows, but {path} {len(raw)}")
        y, names = _labels(raw, f"data.y_path = {path}")
        return replace(data, y=y, label_names=names)

    def _check_lengths(self, raw: RawArrays) -> None:
        if raw.x.ndim == 0 or raw.x.size == 0:
            raise DataError(f"the data of {self.config.path} are empty: shape {raw.x.shape}")
        for name, array in (("labels", raw.y), ("factors", raw.factors)):
            if array is not None and (array.ndim == 0 or len(array) != len(raw.x)):
                raise DataError(
                    f"{self.config.path} has {len(raw.x)} data points, but {name} of shape "
                    f"{array.shape}"
                )

    def _shaped(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give each point the shape asked for, or channels, height, width."""
        shape = self.config.shape
        if shape is not None:
            if math.prod(shape) != math.prod(x.shape[1:]):
                raise DataError(
                    f"data.shape {shape} has {math.prod(shape)} values a point; the file has "
                    f"{math.prod(x.shape[1:])}, of shape {x.shape[1:]}"
                )
            x = x.reshape(len(x), *shape)
        if x.ndim == 3 and shape is None:
            x = x[:, None]  # (n, 1, h, w)
        if x.ndim not in (2, 3, 4):
            raise DataError(
                f"the data must be (n, p), (n, h, w), (n, c, h, w) or (n, h, w, c); got {x.shape}",
                hint="give data.shape, the shape of one point, or reshape the array",
            )
        if x.ndim == 4 and self._channels_last(x.shape):
            x = np.moveaxis(x, 3, 1)  # (n, c, h, w)
        return x

    def _channels_last(self, shape: tuple[int, ...]) -> bool:
        if self.config.channels is not None:
            return self.config.channels == "last"
        return shape[3] in IMAGE_CHANNELS and shape[1] not in IMAGE_CHANNELS

    def _scaled(self, x: NDArray[Any], *, from_bytes: bool) -> NDArray[np.float32]:
        scaling = self.config.scaling
        if scaling == "auto":
            scaling = "bytes" if from_bytes and x.ndim == 4 else "none"
        if scaling == "bytes":
            x = x / 255
        elif scaling == "standardize":
            x = x.astype(np.float64)
            spread = x.std(axis=0)
            x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
        # What float32 cannot hold becomes infinite, and is refused as such.
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(x, dtype=np.float32)


def _numbers(array: NDArray[Any], what: str) -> NDArray[Any]:
    if array.dtype.kind not in "buif":
        raise DataError(
            f"{what} are of type {array.dtype}; expected real numbers",
            hint="a column of labels is named by data.y",
        )
    return array


def _labels(raw: NDArray[Any], what: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels as 0, 1, ... in sorted order, and the name of each."""
    if raw.ndim == 2 and raw.shape[1] == 1:
        raw = raw[:, 0]
    if raw.ndim != 1:
        raise DataError(f"{what} must have shape (n,); got {raw.shape}")
    if raw.dtype.kind == "U":
        raw = _as_integers(raw)
    if raw.dtype.kind == "f":
        check_finite(raw, what)
        if (raw != np.round(raw)).any():
            raise DataError(
                f"{what} holds numbers that are not whole, such as {raw[raw != np.round(raw)][0]}",
                hint="numbers on a scale are factors: data.factors",
            )
        raw = raw.astype(np.int64)
    if raw.dtype.kind not in "buiU":
        raise DataError(f"{what} is of type {raw.dtype}; expected integers or names")
    values, codes = np.unique(raw, return_inverse=True)
    return codes.astype(np.int64), tuple(str(value) for value in values)


def _as_integers(raw: NDArray[Any]) -> NDArray[Any]:
    """Text as integers where all of it is, so that 10 sorts after 9."""
    try:
        return raw.astype(np.int64)
    except ValueError:
        return np.char.strip(raw)
