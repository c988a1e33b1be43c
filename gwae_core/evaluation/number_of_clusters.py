"""How many clusters there are, by measures that need no labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.clustering import fit_kmeans
from gwae_core.evaluation.subsets import random_subset

POINTS = 2000
"""Most points whose silhouettes are computed, which takes all their distances."""


@dataclass(frozen=True)
class ClusterNumber:
    """Measures of k-means for several numbers of clusters k; the better the larger.

    Attributes:
        k: Numbers of clusters, (m,); those that the points allow.
        silhouette: Mean silhouette, in [-1, 1], (m,); 0 where one cluster holds every point.
        calinski_harabasz: Variance between over variance within clusters, each by its degrees of
            freedom, (m,); 0 where one cluster holds every point.
    """

    k: NDArray[np.int64]
    silhouette: NDArray[np.float64]
    calinski_harabasz: NDArray[np.float64]


def cluster_number(
    train: NDArray[Any], test: NDArray[Any], ks: Sequence[int], *, seed: int, starts: int = 3
) -> ClusterNumber:
    """Silhouette (Rousseeuw, 1987) and Caliński-Harabasz index (Caliński and Harabasz, 1974).

    k-means is fitted on training codes and assigns test codes, on which both are measured.

    Args:
        train: Codes, (n, d).
        test: Codes, (m, d).
        ks: Numbers of clusters; those above the number of different training codes, or not below
            the number of test codes, are left out.
        seed: Seed of the fits.
        starts: Starts of each fit.
    """
    from sklearn.metrics import calinski_harabasz_score, silhouette_score

    different = len(np.unique(train, axis=0))
    chosen = [k for k in ks if 2 <= k <= different and k < len(test)]
    points = test[random_subset(len(test), POINTS, seed=seed)].astype(np.float64)
    measured = np.zeros((2, len(chosen)))
    for place, k in enumerate(chosen):
        assigned = fit_kmeans(train, points, k, seed=seed, starts=starts)
        if 2 <= len(np.unique(assigned)) < len(points):
            measured[0, place] = silhouette_score(points, assigned)
            measured[1, place] = calinski_harabasz_score(points, assigned)
    return ClusterNumber(np.array(chosen, np.int64), measured[0], measured[1])
