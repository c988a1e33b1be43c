"""Rows of an array on disk, read and converted when they are asked for."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.row_source import RowSource


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
class StoredRows(RowSource):
    """Data (n, *shape) that stay on disk: ``x[rows]`` reads rows, as single-precision numbers.

    Attributes:
        index: Rows of the file, (n,), in the order of the data.
        point: Shape of one data point.
        origin: Path of the file.
        file: The file.
        divisor: What values are divided by: 255 for images of 8-bit integers.
        channels_last: Whether the file's images are (height, width, channels).
    """

    file: RowFile
    divisor: float = 1.0
    channels_last: bool = False

    @property
    def is_finite(self) -> bool:
        """Whole numbers are."""
        return self.file.array.dtype.kind != "f"

    def read(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows of the file: (m, *shape)."""
        # What float32 cannot hold becomes infinite, and is refused as such.
        with np.errstate(over="ignore"):
            x = self.file.rows(index).astype(np.float32)
        if self.divisor != 1:
            x /= np.float32(self.divisor)
        if self.channels_last:
            x = np.moveaxis(x, 3, 1)
        return np.ascontiguousarray(x.reshape(len(index), *self.point))

    def content(self) -> Iterator[bytes]:
        """Type and shape of the file, and its values as they lie there."""
        yield f"{self.file.array.dtype.str}{self.file.array.shape}{self.shape};".encode()
        yield from self.file.blocks()
