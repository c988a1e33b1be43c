"""Draws of points that share the value of one factor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.evaluation.factor_classes import factor_classes


class FixedFactor:
    """Rows by the class of each factor, to draw from as from a ground-truth model.

    Rows are drawn with replacement, so that a rare class gives a batch too. A continuous factor is
    held within one of 20 bins.

    Args:
        y: Factors, (n, K).
        batch_size: Points that are drawn at once.
        generator: Where draws come from.

    Raises:
        DataError: There are fewer points than a batch, or a batch is of one point.
    """

    def __init__(self, y: NDArray[Any], batch_size: int, *, generator: np.random.Generator) -> None:
        if not 2 <= batch_size <= len(y):
            raise DataError(
                f"a batch must be of at least 2 and at most all {len(y)} points, got {batch_size}",
                hint="give more points, or a smaller batch_size",
            )
        self.batch_size = batch_size
        classes = factor_classes(y)
        self.n, self.num_factors = classes.shape
        self._generator = generator
        self._order = np.argsort(classes, axis=0, kind="stable")  # rows by class, (n, K)
        self._start = np.empty_like(classes)  # of the class of each row, in that order
        self._count = np.empty_like(classes)
        for j, column in enumerate(classes.T):
            _, of_row, counts = np.unique(column, return_inverse=True, return_counts=True)
            self._start[:, j] = (np.cumsum(counts) - counts)[of_row]
            self._count[:, j] = counts[of_row]

    def batches(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Batches that share the value of one factor each.

        Returns:
            The factors, (count,), and the rows, (count, batch_size); the value is that of a row
            drawn first.
        """
        factors = self._factors(count)
        first = self._rows((count, 1))
        return factors, self._sharing(np.repeat(first, self.batch_size, axis=1), factors)

    def pairs(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Batches of pairs whose two points share the value of one factor.

        Returns:
            The factors, (count,), and the rows of both, (count, batch_size) each; the factor is the
            same in all pairs of a batch, its value is not.
        """
        factors = self._factors(count)
        rows = self._rows((count, self.batch_size))
        return factors, rows, self._sharing(rows, factors)

    def _factors(self, count: int) -> NDArray[np.int64]:
        return self._generator.integers(self.num_factors, size=count)

    def _rows(self, shape: tuple[int, ...]) -> NDArray[np.int64]:
        return self._generator.integers(self.n, size=shape)

    def _sharing(self, rows: NDArray[Any], factors: NDArray[Any]) -> NDArray[np.int64]:
        """Rows with the same value of the factor of their batch, one for each of the rows."""
        held = factors[:, None]
        offset = (self._generator.random(rows.shape) * self._count[rows, held]).astype(np.int64)
        return np.asarray(self._order[self._start[rows, held] + offset, held])


def pieces(total: int, *, size: int = 1000) -> list[int]:
    """Sizes of pieces that make ``total``, so that many batches are never in memory at once."""
    return [min(size, total - start) for start in range(0, total, size)]
