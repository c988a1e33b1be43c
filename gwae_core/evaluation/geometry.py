"""How well distances between codes keep the distances between data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import SpaceError


@dataclass(frozen=True)
class Correspondence:
    """Agreement of distances d_x and d_z over pairs.

    Attributes:
        spearman: Rank correlation; 0 where either is constant.
        pearson: Linear correlation; 0 where either is constant.
        slope: C = sum d_x d_z / sum d_z^2, the least-squares scale from codes to data.
        distortion: mean |C d_z - d_x| / mean d_x; 0 is an isometry up to scale, 1 is what codes
            that are all equal get.
    """

    spearman: float
    pearson: float
    slope: float
    distortion: float


def euclidean_distances(points: NDArray[Any]) -> NDArray[np.float64]:
    """Euclidean distances (n, n) of points (n, *shape), zero on the diagonal."""
    from sklearn.metrics import pairwise

    return np.asarray(pairwise.euclidean_distances(points.reshape(len(points), -1)), np.float64)


def condensed(distances: NDArray[Any]) -> NDArray[np.float64]:
    """The n (n - 1) / 2 distances of a symmetric matrix (n, n), each pair once."""
    return np.asarray(distances[np.triu_indices(len(distances), k=1)], dtype=np.float64)


def least_squares_slope(d_x: NDArray[Any], d_z: NDArray[Any]) -> float:
    """C = argmin_C sum (C d_z - d_x)^2 for distances of the same pairs; 0 where d_z is zero."""
    energy = float(np.square(d_z, dtype=np.float64).sum())
    return float(np.dot(d_x, d_z)) / energy if energy > 0 else 0.0


def compare_distances(d_x: NDArray[Any], d_z: NDArray[Any]) -> Correspondence:
    """Compare distances of the same pairs, (m,) each, with at least one d_x above zero.

    Raises:
        SpaceError: There is no pair, or all data points are equal.
    """
    from scipy.stats import rankdata

    d_x, d_z = d_x.astype(np.float64), d_z.astype(np.float64)
    if d_x.size == 0 or d_x.mean() == 0:
        raise SpaceError("distances can be compared only between points that differ")
    slope = least_squares_slope(d_x, d_z)
    return Correspondence(
        spearman=_pearson(rankdata(d_x), rankdata(d_z)),
        pearson=_pearson(d_x, d_z),
        slope=slope,
        distortion=float(np.abs(slope * d_z - d_x).mean() / d_x.mean()),
    )


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.dot(a, b)) / scale if scale > 0 else 0.0


def trustworthiness(d_x: NDArray[Any], d_z: NDArray[Any], *, n_neighbors: int = 10) -> float:
    """Whether neighbours in one space are neighbours in the other (Venna & Kaski, 2001).

    T = 1 - 2 / (n k (2 n - 3 k - 1)) sum_i sum_{j in N_k^z(i)} max(0, r^x(i, j) - k), with
    r^x(i, j) the rank of j among the neighbours of i in x. Continuity is the same with both spaces
    exchanged. Unlike scikit-learn's it takes distances in both spaces, so it works for any metric.

    Args:
        d_x: Distances that count as true, (n, n).
        d_z: Distances that are judged, (n, n).
        n_neighbors: Neighbourhood size k, below n / 2.

    Returns:
        T in [0, 1]; 1 where no false neighbour appears.

    Raises:
        SpaceError: The neighbourhood is not smaller than half the number of points.
    """
    n, k = len(d_x), n_neighbors
    if not 1 <= k < n / 2:
        raise SpaceError(f"n_neighbors must be at least 1 and below {n} / 2, got {k}")
    rank = np.empty((n, n), dtype=np.int64)
    np.put_along_axis(rank, _neighbours(d_x), np.arange(1, n + 1)[None, :], axis=1)
    nearest = _neighbours(d_z)[:, :k]
    excess = np.take_along_axis(rank, nearest, axis=1) - k  # (n, k)
    penalty = float(excess[excess > 0].sum())
    return 1.0 - penalty * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0))


def _neighbours(distances: NDArray[Any]) -> NDArray[np.int64]:
    distances = distances.astype(np.float64)
    np.fill_diagonal(distances, np.inf)  # a point comes last among its own neighbours
    return np.argsort(distances, axis=1, kind="stable")
