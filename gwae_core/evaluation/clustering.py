"""How well clusters found without labels agree with labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.contingency_tables import contingency, matched_accuracy
from gwae_core.evaluation.subsets import random_subset
from gwae_core.mixture_fit import fit_mixture

MAX_FIT = 10_000
"""Most training points that a clustering is fitted on; more are drawn from by seed."""


@dataclass(frozen=True)
class ClusterScores:
    """Agreement of clusters with labels; each is 1 at best.

    Attributes:
        accuracy: Share of points whose cluster is matched to their label, under the best
            one-to-one match; points of an unmatched cluster count as wrong.
        nmi: Mutual information over the mean of both entropies.
        ari: Rand index adjusted for chance: 0 in the mean of random clusters.
    """

    accuracy: float
    nmi: float
    ari: float


def cluster_scores(y: NDArray[Any], clusters: NDArray[Any]) -> ClusterScores:
    """Compare clusters with labels, both (n,) integers of any values.

    The match is an optimal assignment on the contingency table, so the numbering of clusters does
    not matter (Yang et al., 2010).
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    return ClusterScores(
        accuracy=float(matched_accuracy(contingency(y, clusters)[None])[0]),
        nmi=float(normalized_mutual_info_score(y, clusters)),
        ari=float(adjusted_rand_score(y, clusters)),
    )


def fit_kmeans(
    train: NDArray[Any], test: NDArray[Any], num_clusters: int, *, seed: int, starts: int = 10
) -> NDArray[np.int64]:
    """Fit k-means on training points and assign test points to the nearest centre.

    Args:
        train: (n, *shape); at most 10,000 points, drawn by seed, are used.
        test: (m, *shape).
        num_clusters: Number of clusters, at most n.
        seed: Seed of the draw and of the starts.
        starts: Runs from k-means++ seeds, of which the one of least inertia is kept.

    Returns:
        Clusters of the test points, (m,).
    """
    from sklearn.cluster import KMeans

    train, test = _flat(train, seed), _flat(test)
    model = KMeans(num_clusters, n_init=starts, random_state=seed).fit(train)
    return np.asarray(model.predict(test), dtype=np.int64)


def fit_gaussian_mixture(
    train: NDArray[Any],
    test: NDArray[Any],
    num_clusters: int,
    *,
    seed: int,
    starts: int = 20,
    regularization: float = 5e-2,
    standardize: bool = True,
) -> NDArray[np.int64]:
    """Fit a full-covariance Gaussian mixture on training points and assign test points.

    The points are centred and scaled with the training points' moments first, so that the ridge on
    the covariances means the same for codes of any scale.

    Args:
        train: (n, *shape); at most 10,000 points, drawn by seed, are used.
        test: (m, *shape).
        num_clusters: Number of components, at most n.
        seed: Seed of the draw and of the starts.
        starts: Runs from k-means, of which the one of largest likelihood is kept.
        regularization: Ridge on the covariances, in units of each coordinate's variance.
        standardize: Scale each coordinate by its own deviation; otherwise all by one, which keeps
            coordinates that hardly vary from counting as much as others.

    Returns:
        Component of largest responsibility of each test point, (m,).
    """
    train, test = _flat(train, seed), _flat(test)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    if not standardize:
        scale = np.full_like(scale, np.sqrt(np.square(scale).mean()))
    scale = np.where(scale > 0, scale, 1.0)
    model = fit_mixture(
        (train - mean) / scale,
        num_clusters,
        regularization=regularization,
        starts=starts,
        seed=seed,
    )
    return np.asarray(model.predict((test - mean) / scale), dtype=np.int64)


def _flat(points: NDArray[Any], seed: int | None = None) -> NDArray[np.float64]:
    if seed is not None:
        points = points[random_subset(len(points), MAX_FIT, seed=seed)]
    return points.reshape(len(points), -1).astype(np.float64)
