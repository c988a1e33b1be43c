"""Geodesic distances of a point cloud: shortest paths in its nearest-neighbour graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gwae_core.errors import SpaceError

MAX_POINTS = 20_000


def geodesic_distances(x: NDArray[Any] | Tensor, *, n_neighbors: int = 10) -> NDArray[np.float32]:
    """Shortest paths in the symmetrised k-nearest-neighbour graph (Tenenbaum et al., 2000).

    Components that the graph leaves apart are joined by the shortest Euclidean links between them
    (a minimum spanning tree of the components), so that every distance is finite. The matrix is
    rescaled to the mean of the Euclidean distances, so that either may stand for the other.

    Args:
        x: Points, (n, ...); trailing dimensions are flattened.
        n_neighbors: Neighbours of a point, at least 1.

    Returns:
        Distances, (n, n), symmetric, zero diagonal, in the unit of ``x``.

    Raises:
        SpaceError: Over 20,000 points (the matrix alone takes 1.6 GB), for fewer than one
            neighbour, or where ``x`` holds NaN or inf.
    """
    from scipy.sparse.csgraph import shortest_path
    from sklearn.neighbors import kneighbors_graph

    points = np.asarray(x.detach().cpu() if isinstance(x, Tensor) else x, dtype=np.float64)
    points = points.reshape(len(points), -1)
    n = len(points)
    if n > MAX_POINTS:
        raise SpaceError(
            f"geodesic distances of {n:,} points would fill {4e-9 * n * n:.1f} GB; "
            f"allowed: up to {MAX_POINTS:,}",
            hint="draw a subset of the points",
        )
    if n_neighbors < 1:
        raise SpaceError(f"n_neighbors must be at least 1, got {n_neighbors}")
    if not np.isfinite(points).all():
        raise SpaceError("points hold NaN or inf", hint="look for missing values")
    if n == 1:
        return np.zeros((1, 1), dtype=np.float32)

    neighbours = min(n_neighbors, n - 1)
    graph = kneighbors_graph(points, neighbours, mode="distance").tocsr()
    # sparse sums and maxima drop zeros, and with them the edges between coincident points
    graph.data = np.maximum(graph.data, np.finfo(np.float64).tiny)
    graph = graph.maximum(graph.T)
    graph = _joined(graph, points)
    distances = np.empty((n, n), dtype=np.float32)
    euclidean_sum = 0.0
    for start in range(0, n, 1024):  # blocks keep the float64 paths from filling n^2 at once
        rows = slice(start, start + 1024)
        distances[rows] = shortest_path(
            graph, method="D", directed=False, indices=np.arange(n)[rows]
        )
        euclidean_sum += float(_euclidean(points[rows], points).sum())
    total = float(distances.sum(dtype=np.float64))
    if total > 0:
        distances *= euclidean_sum / total
    for start in range(0, n, 1024):
        rows = slice(start, start + 1024)
        mirrored = np.minimum(distances[rows, start:], distances[start:, rows].T)
        distances[rows, start:] = mirrored
        distances[start:, rows] = mirrored.T
    np.fill_diagonal(distances, 0.0)
    return distances


def _euclidean(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(x, y), dtype=np.float64)


def _joined(graph: Any, points: NDArray[np.float64]) -> Any:
    """Add the shortest links between components until one is left (Boruvka's rounds)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from sklearn.neighbors import NearestNeighbors

    n = len(points)
    while True:
        count, labels = connected_components(graph, directed=False)
        if count == 1:
            return graph
        rows, cols, lengths = [], [], []
        for component in range(count):
            inside = np.flatnonzero(labels == component)
            outside = np.flatnonzero(labels != component)
            distance, nearest = (
                NearestNeighbors(n_neighbors=1).fit(points[outside]).kneighbors(points[inside])
            )
            shortest = int(distance[:, 0].argmin())
            rows.append(inside[shortest])
            cols.append(outside[nearest[shortest, 0]])
            lengths.append(distance[shortest, 0])
        lengths_array = np.maximum(lengths, np.finfo(np.float64).tiny)
        links = coo_matrix((lengths_array, (np.array(rows), np.array(cols))), shape=(n, n)).tocsr()
        links = links.maximum(links.T)
        graph = graph.maximum(links)
