"""How far apart real and generated data are, in a space of features: FID and KID."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.spaces import blocks_of


def frechet_distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Fréchet distance of Gaussians fitted to two sets of features (Heusel et al., 2017).

    |m_x - m_y|^2 + tr(S_x + S_y - 2 (S_x^1/2 S_y S_x^1/2)^1/2), the squared 2-Wasserstein distance
    of the Gaussians. It is biased upwards, the more the fewer samples there are; with no more
    samples than features a covariance is singular and the value tells little (see
    `enough_for_frechet`).

    Args:
        x: Features, (n, k), n >= 2.
        y: Features, (m, k), m >= 2.

    Raises:
        DataError: The features are no such tables, or hold NaN or inf.
    """
    a, b = _pair(x, y)
    s_x, s_y = (np.atleast_2d(np.cov(points, rowvar=False)) for points in (a, b))
    values, vectors = np.linalg.eigh(s_x)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    middle = np.linalg.eigvalsh(root @ s_y @ root)
    covariance = np.trace(s_x) + np.trace(s_y) - 2 * np.sqrt(np.maximum(middle, 0)).sum()
    mean = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    return float(mean + max(covariance, 0.0))


def enough_for_frechet(x: NDArray[Any], y: NDArray[Any]) -> bool:
    """Whether both sets (n, k), (m, k) have more samples than features, so n > k and m > k."""
    return bool(min(len(x), len(y)) > x.shape[1])


def kernel_distance(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Kernel inception distance: squared MMD of two sets of features (Bińkowski et al., 2018).

    With k(a, b) = (a . b / k + 1)^3, the unbiased estimate mean_{i != j} k(x_i, x_j) +
    mean_{i != j} k(y_i, y_j) - 2 mean_ij k(x_i, y_j), over all pairs rather than over random
    subsets: the same expectation with less noise. It is below zero half of the time where both
    sets come from one distribution.

    Args:
        x: Features, (n, k), n >= 2.
        y: Features, (m, k), m >= 2.

    Raises:
        DataError: The features are no such tables, or hold NaN or inf.
    """
    a, b = _pair(x, y)
    n, m = len(a), len(b)
    within_a = (_kernel_sum(a, a) - _kernel_diagonal(a)) / (n * (n - 1))
    within_b = (_kernel_sum(b, b) - _kernel_diagonal(b)) / (m * (m - 1))
    return float(within_a + within_b - 2 * _kernel_sum(a, b) / (n * m))


def _kernel_sum(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    total = 0.0
    for rows in blocks_of(len(a), len(b)):
        kernel = a[rows] @ (b.T / a.shape[1]) + 1
        total += float((kernel * kernel * kernel).sum())  # many times faster than a power
    return total


def _kernel_diagonal(a: NDArray[np.float64]) -> float:
    return float(((np.square(a).sum(axis=1) / a.shape[1] + 1) ** 3).sum())


def _pair(x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise DataError(
            f"two sets of at least two feature vectors of one length are compared; got {x.shape} "
            f"and {y.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise DataError("features hold NaN or inf", hint="look at the samples of the model")
    return x.astype(np.float64), y.astype(np.float64)
