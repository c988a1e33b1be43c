"""The grid of all combinations of factors, of which each is one data point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.evaluation import random_subset


@dataclass(frozen=True)
class FactorGrid:
    """All combinations of factors, numbered with the last factor running fastest.

    Attributes:
        names: Names of the factors.
        sizes: How many values each has.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return math.prod(self.sizes)

    def classes(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which value each factor has: (n, n_factors), from 0."""
        return np.stack(np.unravel_index(numbers, self.sizes), axis=1)

    def numbers(self, classes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers of combinations, (n,), from the values of the factors, (n, n_factors).

        Raises:
            DataError: A factor has a value that is not on the grid.
        """
        for name, size, column in zip(self.names, self.sizes, classes.T, strict=True):
            if len(column) and not 0 <= column.min() <= column.max() < size:
                raise DataError(
                    f"{name} has the values 0 to {size - 1}; the file has {column.min()} to "
                    f"{column.max()}"
                )
        found: NDArray[np.int64] = np.ravel_multi_index(tuple(classes.T), self.sizes)
        return found

    def held(self, fixed: Mapping[str, int]) -> NDArray[np.int64]:
        """Numbers of the combinations where some factors are held, in order.

        Args:
            fixed: Value of each factor that is held, by its name.

        Raises:
            DataError: No such factor or value.
        """
        for name, value in fixed.items():
            if name not in self.names:
                raise DataError(
                    f"data.fixed names {name!r}, which is no factor",
                    hint=f"the factors are {', '.join(self.names)}",
                )
            if not 0 <= value < (size := self.sizes[self.names.index(name)]):
                raise DataError(f"{name} has the values 0 to {size - 1}; data.fixed gives {value}")
        kept = [
            np.array([fixed[name]]) if name in fixed else np.arange(size)
            for name, size in zip(self.names, self.sizes, strict=True)
        ]
        return np.ravel_multi_index(np.ix_(*kept), self.sizes).ravel()


def random_part(rows: NDArray[np.int64], *, limit: int | None, seed: int) -> NDArray[np.int64]:
    """So many of the rows, drawn without replacement, in their order; None takes all.

    Raises:
        DataError: There are fewer.
    """
    if limit is None:
        return rows
    if limit > len(rows):
        raise DataError(f"data.limit = {limit:,}, but there are {len(rows):,} data points")
    return rows[random_subset(len(rows), limit, seed=seed)]
