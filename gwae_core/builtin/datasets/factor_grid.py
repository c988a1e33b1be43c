"""The grid of all combinations of factors, of which each is one data point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError


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

    def classes(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which value each factor has: (n, n_factors), from 0."""
        return np.stack(np.unravel_index(index, self.sizes), axis=1)

    def rows(self, *, fixed: Mapping[str, int], limit: int | None, seed: int) -> NDArray[np.int64]:
        """Combinations where some factors are held, or a random part of them, in order.

        Args:
            fixed: Value of each factor that is held, by its name.
            limit: Number of combinations, drawn without replacement; None takes all.
            seed: Seed of the draw.

        Raises:
            DataError: No such factor or value, or there are fewer combinations.
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
        rows = np.ravel_multi_index(np.ix_(*kept), self.sizes).ravel()
        if limit is None:
            return rows
        if limit > len(rows):
            raise DataError(
                f"data.limit = {limit:,}, but there are {len(rows):,} combinations of factors"
            )
        drawn = np.random.default_rng(seed).choice(len(rows), size=limit, replace=False)
        return rows[np.sort(drawn)]

    def varying(self, fixed: Mapping[str, int]) -> list[int]:
        """Columns of `classes` of the factors that are not held."""
        return [column for column, name in enumerate(self.names) if name not in fixed]
