"""Data whose rows are read or made when they are asked for."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwae_core.errors import DataError

CHUNK_BYTES = 32 * 2**20
"""Bytes, as single-precision numbers, that are read at once where all rows are gone through."""
SAMPLE_BYTES = 128 * 2**20
"""Bytes, as single-precision numbers, of rows that may be taken into memory at once."""


@dataclass(frozen=True, eq=False)
class RowSource(ABC):
    """Data (n, *shape) that do not lie in memory: ``x[rows]`` reads or makes rows, as float32.

    A source says how that is done, `read`, and by what it is told from others, `content`.

    Attributes:
        index: Rows of the source, (n,), in the order of the data.
        point: Shape of one data point.
        origin: How the source is called in messages, such as the path of a file.
    """

    index: NDArray[np.int64]
    point: tuple[int, ...]
    origin: str

    @abstractmethod
    def read(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows of the source by their number there: (m, *shape), contiguous."""

    @abstractmethod
    def content(self) -> Iterator[bytes]:
        """Bytes that differ where the data do, for a checksum."""

    @property
    def is_finite(self) -> bool:
        """Whether it is known without a look that no value is NaN or infinite."""
        return False

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
        """Rows by position: (m, *shape)."""
        return self.read(self.index[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All rows, where they take at most 128 MiB; no more fill the memory by accident.

        Raises:
            DataError: They take more.
        """
        if len(self) * self.bytes_per_row > SAMPLE_BYTES:
            raise DataError(
                f"{self.origin} is read row by row, and this needs all {len(self):,} rows in "
                f"memory, more than {SAMPLE_BYTES / 2**20:.0f} MiB",
                hint="take a part of them by data.limit; an .npy file that fits into memory is "
                "read whole with data.on_disk: false",
            )
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Some of the rows; none is read."""
        return replace(self, index=self.index[rows])

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """All rows, in the order of the source, some at a time."""
        # A file is read fastest from its beginning to its end.
        ordered = np.sort(self.index)
        size = max(CHUNK_BYTES // self.bytes_per_row, 1)
        for start in range(0, len(ordered), size):
            yield self.read(ordered[start : start + size])

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
