"""A part of a data set that has all its classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError


def stratified_part(
    labels: NDArray[np.int64], *, limit: int | None, seed: int
) -> NDArray[np.int64]:
    """Rows of a part with the share of each class, in order; None takes all.

    The number of rows of a class differs from its share by less than 2.

    Args:
        labels: Class of each row, (n,).
        limit: Number of rows.
        seed: Seed of the draw.

    Raises:
        DataError: There are fewer rows.
    """
    n = len(labels)
    if limit is None or limit == n:
        return np.arange(n)
    if limit > n:
        raise DataError(f"{limit:,} data points are asked for, but there are {n:,}")
    rng = np.random.default_rng(seed)
    rows = rng.permutation(n)
    rows = rows[np.argsort(labels[rows], kind="stable")]
    # Evenly spaced places of an order by class, from a random start.
    places = np.floor((np.arange(limit) + rng.uniform()) * (n / limit)).astype(np.int64)
    return np.sort(rows[places])
