"""Distances to the nearest codes of the training split."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError


def neighbor_distances(
    reference: NDArray[Any], points: NDArray[Any], *, neighbors: int = 10
) -> NDArray[np.float64]:
    """Euclidean distance of points to their k-th nearest reference point (Sun et al., 2022).

    Args:
        reference: Points that are searched, (n, d).
        points: Points, (m, d).
        neighbors: k; n where there are fewer.

    Returns:
        Distances, (m,).

    Raises:
        DataError: There is no reference point.
    """
    from sklearn.neighbors import NearestNeighbors

    if not len(reference):
        raise DataError("there is no point to measure distances to")
    k = min(neighbors, len(reference))
    distances, _ = NearestNeighbors(n_neighbors=k).fit(reference).kneighbors(points)
    return np.asarray(distances[:, -1], np.float64)
