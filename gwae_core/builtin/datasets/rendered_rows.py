"""Rows that are rendered when they are asked for, and never stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gwae_core.row_source import RowSource


@dataclass(frozen=True, eq=False)
class RenderedRows(RowSource):
    """Data (n, *shape) that a function makes of their numbers.

    Attributes:
        index: Numbers of the rows, (n,), in the order of the data.
        point: Shape of one data point.
        origin: What is rendered, how, and the version of the drawing: it stands for the data in
            their checksum.
        render: Function of numbers (m,) to data (m, *shape).
    """

    render: Callable[[NDArray[np.int64]], NDArray[np.float32]]

    @property
    def is_finite(self) -> bool:
        """Pictures are."""
        return True

    def read(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Render rows: (m, *shape)."""
        return self.render(index)

    def content(self) -> Iterator[bytes]:
        """What is rendered, and which rows."""
        yield f"{self.origin}{self.shape};".encode()
        yield np.ascontiguousarray(self.index).tobytes()
