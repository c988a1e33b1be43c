"""Percentile bootstrap: confidence intervals of statistics of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import GWAEError
from gwae_core.interfaces import Interval

BLOCK_ENTRIES = 4_000_000
"""Multiplicities that are held at once: 32 MB."""

Counts = NDArray[np.float64]
Statistic = Callable[[Counts], NDArray[Any]]
"""Values (b,) of b resamples from the multiplicities of the n rows in each, (b, n)."""


def bootstrap(
    statistic: Statistic,
    sizes: int | Sequence[int],
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of a statistic over rows drawn with replacement (Efron, 1979).

    A resample is known by how often it holds each row, c with sum n, so that a statistic is
    computed for many resamples at once, mostly as a matrix product: a mean is ``c @ values / n``.
    The value is the statistic of the rows themselves, c = 1. Resamples that the statistic is not
    defined on (NaN) are left out.

    Args:
        statistic: Multiplicities (b, n) to values (b,).
        sizes: Number of rows n, or numbers of rows of several samples that lie behind one another
            and are drawn from apart.
        resamples: Number of resamples, at least 1.
        seed: Seed of the resamples.
        level: Confidence, in (0, 1).

    Raises:
        GWAEError: There are no rows, no resamples, or the level is not between 0 and 1.
    """
    parts = [sizes] if isinstance(sizes, int) else list(sizes)
    if min(parts, default=0) < 1 or resamples < 1 or not 0 < level < 1:
        raise GWAEError(
            f"a bootstrap needs rows, resamples and a level between 0 and 1; got {parts} rows, "
            f"{resamples} resamples, level {level:g}"
        )
    rng = np.random.default_rng(seed)
    height = max(BLOCK_ENTRIES // sum(parts), 1)
    blocks = [
        np.asarray(statistic(_multiplicities(rng, min(height, resamples - done), parts)))
        for done in range(0, resamples, height)
    ]
    values = np.concatenate(blocks)
    values = values[~np.isnan(values)]
    value = float(np.asarray(statistic(np.ones((1, sum(parts)))))[0])
    if not len(values):
        return Interval(value, value, value, level)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), level)


def bootstrap_mean(
    values: NDArray[Any], *, resamples: int, seed: int, level: float = 0.95
) -> Interval:
    """Percentile interval of the mean of values (n,) of rows; arguments as of `bootstrap`."""
    wide = values.astype(np.float64)
    n = len(wide)
    return bootstrap(lambda c: c @ wide / n, n, resamples=resamples, seed=seed, level=level)


def measured_mean(values: NDArray[Any], *, resamples: int, seed: int) -> float | Interval:
    """The mean of values (n,) of rows, with its interval where resamples are asked for."""
    if not resamples:
        return float(values.mean())
    return bootstrap_mean(values, resamples=resamples, seed=seed)


def bootstrap_tables(
    table: NDArray[Any],
    statistic: Callable[[NDArray[np.int64]], NDArray[Any]],
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of a statistic of a contingency table (r, c) of counts.

    Drawing rows with replacement and counting them again is a multinomial draw of the table's
    cells, so no row is touched.

    Args:
        table: Counts of pairs, with a positive sum n.
        statistic: Tables (b, r, c) to values (b,).
        resamples: Number of resamples.
        seed: Seed of the resamples.
        level: Confidence, in (0, 1).
    """
    n = int(table.sum())
    cells = np.random.default_rng(seed).multinomial(n, table.ravel() / n, size=resamples)
    values = statistic(cells.reshape(resamples, *table.shape))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    value = float(statistic(table[None].astype(np.int64))[0])
    return Interval(value, float(low), float(high), level)


def _multiplicities(rng: np.random.Generator, b: int, sizes: Sequence[int]) -> Counts:
    """How often each of b resamples holds each row, (b, sum of sizes)."""
    parts = []
    for n in sizes:
        cells = rng.integers(0, n, size=(b, n)) + n * np.arange(b)[:, None]
        parts.append(np.bincount(cells.ravel(), minlength=b * n).reshape(b, n))
    return np.concatenate(parts, axis=1).astype(np.float64)
