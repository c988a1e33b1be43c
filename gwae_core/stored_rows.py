"""Rows of an array on disk, read and converted when they are asked for."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwae_core.errors import DataError

CHUNK_BYTES = 32 * 2**20
"""Bytes, as single-precision numbers, that are read at once where all rows are gone through."""
SAMPLE_BYTES = 128 * 2**20
"""Bytes, as single-precision numbers, of a sample of rows that is kept in memory."""


class RowFile:
    """The array of a .npy file, of which rows are read when they are asked for.

    Rows are read and not mapped: a map counts every page that was touched as memory of the process,
    which grew by gigabytes over an epoch.

    Args:
        path: The file.
        shape: Shape of one data point; None takes the file's.

    Raises:
        DataError: It is no .npy file, holds pickled objects, is damaged, is not in row order, or
            its points have another number of values.
    """

    def __init__(self, path: Path, *, shape: tuple[int, ...] | None = None) -> None:
        try:
            header = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise DataError(
                f"{path} cannot be read as an .npy file: {error}",
                hint="save plain numbers: np.save(PATH, x)",
            ) from error
        if not isinstance(header, np.memmap) or not header.flags.c_contiguous or not header.ndim:
            raise DataError(
                f"{path} does not hold one array whose rows lie one after the other",
                hint="write it by np.save(PATH, np.ascontiguousarray(x)), or set data.on_disk to "
                "false",
            )
        self.path = path
        self._offset = header.offset
        if shape is not None:
            if math.prod(shape) != math.prod(header.shape[1:]):
                raise DataError(
                    f"data.shape {shape} has {math.prod(shape)} values a point; {path} has "
                    f"{math.prod(header.shape[1:])}, of shape {header.shape[1:]}"
                )
            header = header.reshape(len(header), *shape)
        # Its shape and type are asked for; its values are not touched.
        self.array: NDArray[Any] = header
        self._file = path.open("rb", buffering=0)
        self._lock = Lock()
        weakref.finalize(self, self._file.close)

    def rows(self, index: NDArray[np.int64]) -> NDArray[Any]:
        """Some rows, in the type of the file.

        Raises:
            DataError: The file has become shorter.
        """
        found = np.empty((len(index), *self.array.shape[1:]), self.array.dtype)
        raw = found.reshape(-1).view(np.uint8).data
        size = found.nbytes // max(len(index), 1)
        # Rows that lie one after the other are read at once.
        breaks = (np.flatnonzero(np.diff(index) != 1) + 1).tolist()
        for start, stop in pairwise([0, *breaks, len(index)]):
            if start < stop:
                self._read(raw[start * size : stop * size], int(index[start]) * size)
        return found

    def _read(self, into: memoryview, position: int) -> None:
        position += self._offset
        while into:
            if hasattr(os, "preadv"):  # several threads may read at once
                count = os.preadv(self._file.fileno(), [into], position)
            else:
                with self._lock:
                    self._file.seek(position)
                    count = self._file.readinto(into)
            if not count:
                raise DataError(f"{self.path} has become shorter since it was opened")
            position += count
            into = into[count:]

    def blocks(self) -> Iterator[bytes]:
        """All values as they lie in the file."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            left = self.array.nbytes
            while left and (block := file.read(min(left, 2**20))):
                left -= len(block)
                yield block


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Data (n, *shape) that stay on disk: ``x[rows]`` reads rows, as single-precision numbers.

    Attributes:
        file: The file.
        index: Rows of the file, (n,), in the order of the data.
        point: Shape of one data point.
        divisor: What values are divided by: 255 for images of 8-bit integers.
        channels_last: Whether the file's images are (height, width, channels).
    """

    file: RowFile
    index: NDArray[np.int64]
    point: tuple[int, ...]
    divisor: float = 1.0
    channels_last: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, *shape)."""
        return (len(self.index), *self.point)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return 1 + len(self.point)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def bytes_per_row(self) -> int:
        """Memory of one data point."""
        return 4 * math.prod(self.point)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, rows: slice | NDArray[Any]) -> NDArray[np.float32]:
        """Read rows: (m, *shape)."""
        return self._read(self.index[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Refuse to become an array by accident.

        Raises:
            DataError: Always.
        """
        raise DataError(
            f"{self.file.path} stays on disk, and this needs all {len(self):,} rows in memory",
            hint="set data.on_disk to false if they fit, or take a part of them",
        )

    def take(self, rows: NDArray[np.int64]) -> StoredRows:
        """Some of the rows; nothing is read."""
        return replace(self, index=self.index[rows])

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """All rows, in the order of the file, some at a time."""
        # A file is read fastest from its beginning to its end.
        ordered = np.sort(self.index)
        size = max(CHUNK_BYTES // self.bytes_per_row, 1)
        for start in range(0, len(ordered), size):
            yield self._read(ordered[start : start + size])

    def sample_rows(self, *, seed: int = 0) -> NDArray[np.int64]:
        """Positions of a random sample without replacement that fits into 128 MiB.

        Where all rows fit, they are all of them, in order.
        """
        count = max(SAMPLE_BYTES // self.bytes_per_row, 2)
        if count >= len(self):
            return np.arange(len(self))
        return np.random.default_rng(seed).permutation(len(self))[:count]

    def sample(self, *, seed: int = 0) -> Tensor:
        """A random sample of rows in memory: (m, *shape)."""
        return torch.from_numpy(self[self.sample_rows(seed=seed)])

    def _read(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        # What float32 cannot hold becomes infinite, and is refused as such.
        with np.errstate(over="ignore"):
            x = self.file.rows(index).astype(np.float32)
        if self.divisor != 1:
            x /= np.float32(self.divisor)
        if self.channels_last:
            x = np.moveaxis(x, 3, 1)
        return np.ascontiguousarray(x.reshape(len(index), *self.point))
