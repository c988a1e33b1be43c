"""Geodesic data metric: computed once for the training split, looked up by row, and extended."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gwae_core.geodesic import geodesic_distances


class GeodesicMetric(nn.Module):
    """Shortest-path distances over the nearest-neighbour graph of the training data.

    Rows of the training data are looked up. A new point reaches the graph through its nearest
    training points, d(v, w) = min_ab |v - a| + d(a, b) + |b - w|, or directly where one lies in the
    neighbourhood of the other (the out-of-sample rule of Isomap, Tenenbaum et al., 2000).

    Args:
        x: Training data, (n, *data_shape).
        n_neighbors: Neighbours of a point in the graph.
    """

    distances: Tensor

    def __init__(self, x: Tensor, *, n_neighbors: int) -> None:
        super().__init__()
        points = x.detach().cpu().flatten(1).numpy()
        self.n_neighbors = min(n_neighbors, max(len(points) - 1, 1))
        matrix = torch.from_numpy(_cached(_Hashed(points), n_neighbors))
        # Not part of a model's state: it belongs to the data and is n^2 large.
        self.register_buffer("distances", matrix, persistent=False)
        self._points = points
        # Graph distances are rescaled to the mean of the Euclidean ones; links must be as well.
        self._unit = _link_unit(points, matrix.numpy())

    @property
    def mean(self) -> float:
        """Mean over pairs i != j of the training data."""
        n = len(self._points)
        return float(self.distances.double().sum()) / max(n * (n - 1), 1)

    def lookup(self, index: Tensor) -> Tensor:
        """Distances of training rows, (n, n)."""
        index = index.to(self.distances.device)
        return self.distances[index[:, None], index[None, :]]

    def between(self, x: NDArray[Any] | Tensor) -> NDArray[np.float32]:
        """Distances of new points (m, *data_shape): (m, m)."""
        from sklearn.neighbors import NearestNeighbors

        if isinstance(x, Tensor):
            x = x.detach().cpu().numpy()
        new = np.asarray(x).reshape(len(x), -1)
        search = NearestNeighbors(n_neighbors=self.n_neighbors).fit(self._points)
        links, nearest = search.kneighbors(new)  # (m, k)
        reach = links[:, -1]
        links = links * self._unit
        graph = self.distances.cpu().numpy()
        to_train = np.full((len(new), len(self._points)), np.inf, dtype=np.float32)
        for k in range(self.n_neighbors):  # min over a of |v - a| + d(a, .)
            np.minimum(to_train, links[:, k, None] + graph[nearest[:, k]], out=to_train)
        result = np.full((len(new), len(new)), np.inf, dtype=np.float32)
        for k in range(self.n_neighbors):  # min over b of d(v, b) + |b - w|
            np.minimum(result, to_train[:, nearest[:, k]] + links[None, :, k], out=result)
        straight = _euclidean(new)
        near = straight <= np.maximum(reach[:, None], reach[None, :])
        result[near] = np.minimum(result[near], straight[near] * self._unit)
        np.fill_diagonal(result, 0.0)
        return np.minimum(result, result.T)


def _euclidean(points: NDArray[Any]) -> NDArray[np.float32]:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(points, points), dtype=np.float32)


def _link_unit(points: NDArray[Any], graph: NDArray[np.float32]) -> float:
    """Factor by which edges of the graph were rescaled: that of the shortest link of each point."""
    if len(points) < 2:
        return 1.0
    from sklearn.neighbors import NearestNeighbors

    # Two of the neighbours that a search gives may be the point itself and a copy of it.
    lengths, nearest = NearestNeighbors(n_neighbors=2).fit(points).kneighbors(points)
    rescaled = graph[np.arange(len(points)), nearest[:, 1]]
    known = lengths[:, 1] > 0
    return float(np.median(rescaled[known] / lengths[known, 1])) if known.any() else 1.0


class _Hashed:
    """Points that are equal where their values are, so that a result for them can be kept."""

    def __init__(self, points: NDArray[Any]) -> None:
        self.points = points
        digest = hashlib.sha256(np.ascontiguousarray(points).tobytes()).digest()
        self._key = (points.shape, digest)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and self._key == other._key


@lru_cache(maxsize=2)
def _cached(data: _Hashed, n_neighbors: int) -> NDArray[np.float32]:
    return geodesic_distances(data.points, n_neighbors=n_neighbors)
