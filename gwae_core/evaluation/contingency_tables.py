"""Agreement of labels and clusters from their contingency table, for many tables at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Tables = NDArray[Any]
"""Counts of pairs, (b, labels, clusters), every table of one sum n."""


def contingency(y: NDArray[Any], clusters: NDArray[Any]) -> NDArray[np.int64]:
    """How many points have each label and cluster, (labels, clusters), both in ascending order."""
    from sklearn.metrics.cluster import contingency_matrix

    return np.asarray(contingency_matrix(y, clusters), np.int64)


def matched_accuracy(tables: Tables) -> NDArray[np.float64]:
    """Share of points under the best one-to-one match, (b,) (Yang et al., 2010)."""
    from scipy.optimize import linear_sum_assignment

    matched = [
        table[linear_sum_assignment(table, maximize=True)].sum() / table.sum() for table in tables
    ]
    return np.asarray(matched, np.float64)


def normalized_information(tables: Tables) -> NDArray[np.float64]:
    """Mutual information over the mean of both entropies, (b,) (Vinh et al., 2010).

    1 where there is one label and one cluster, as both say the same.
    """
    p = tables / tables.sum(axis=(1, 2), keepdims=True)
    of_labels, of_clusters = _entropy(p.sum(axis=2)), _entropy(p.sum(axis=1))
    joint = _entropy(p.reshape(len(p), -1))
    mean = (of_labels + of_clusters) / 2
    information = np.maximum(of_labels + of_clusters - joint, 0.0)
    return np.where(mean > 1e-12, information / np.where(mean > 1e-12, mean, 1.0), 1.0)


def adjusted_rand(tables: Tables) -> NDArray[np.float64]:
    """Rand index adjusted for chance, (b,) (Hubert and Arabie, 1985); 1 for equal partitions."""
    counts = tables.astype(np.float64)
    together = _pairs(counts).sum(axis=(1, 2))
    in_labels = _pairs(counts.sum(axis=2)).sum(axis=1)
    in_clusters = _pairs(counts.sum(axis=1)).sum(axis=1)
    expected = in_labels * in_clusters / np.maximum(_pairs(counts.sum(axis=(1, 2))), 1.0)
    largest = (in_labels + in_clusters) / 2
    equal = largest - expected < 1e-12
    return np.where(equal, 1.0, (together - expected) / np.where(equal, 1.0, largest - expected))


def _entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """- sum p log p over the last axis, in nats."""
    logarithms = np.log(np.where(p > 0, p, 1.0))
    return np.asarray(-(p * logarithms).sum(axis=-1))


def _pairs(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return counts * (counts - 1) / 2
