"""How much codes depend on each other, without factors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.codes_and_factors import checked_codes
from gwae_core.evaluation.factor_classes import binned_codes
from gwae_core.evaluation.mutual_information import mutual_information

SINGULAR = 1e-12
"""Least eigenvalue of a correlation matrix that counts as itself."""


def total_correlation(z: NDArray[Any]) -> float:
    """Total correlation of Gaussians: 0.5 (sum_i log S_ii - log det S) in nats, S = cov z.

    0 where no two codes are correlated (Watanabe, 1960). A constant code depends on nothing
    and does not count. Codes that determine each other have an infinite one; eigenvalues of the
    correlation matrix count as 1e-12 at least, so that each such direction adds at most 13.8.

    Args:
        z: Codes, (n, L), L at least 2.

    Raises:
        DataError: `codes_and_factors.checked_codes` refuses them.
    """
    z = checked_codes(z)
    live = z[:, z.min(axis=0) < z.max(axis=0)]
    if live.shape[1] < 2:
        return 0.0
    scaled = (live - live.mean(axis=0)) / live.std(axis=0)
    spectrum = np.linalg.eigvalsh(scaled.T @ scaled / len(scaled))
    return float(-0.5 * np.log(np.maximum(spectrum, SINGULAR)).sum())


def wasserstein_correlation(z: NDArray[Any]) -> float:
    """Squared Wasserstein distance of a Gaussian to its independent copy, in squared code units.

    2 tr S - 2 tr (S^1/2 diag(S) S^1/2)^1/2 with S = cov z (Locatello et al., 2019); 0 where no two
    codes are correlated. It grows with the square of the codes' scale.

    Args:
        z: Codes, (n, L), L at least 2.

    Raises:
        DataError: `codes_and_factors.checked_codes` refuses them.
    """
    covariance = np.cov(checked_codes(z), rowvar=False)
    scale = np.sqrt(np.diag(covariance))
    # D^1/2 S D^1/2 has the eigenvalues of S^1/2 D S^1/2, and needs no matrix root.
    spectrum = np.linalg.eigvalsh(scale[:, None] * covariance * scale)
    root = np.sqrt(np.maximum(spectrum, 0.0)).sum()
    return float(2 * np.trace(covariance) - 2 * root)


def mean_mutual_information(z: NDArray[Any]) -> float:
    """Mean over pairs of codes of their mutual information in nats, each code in 20 bins.

    Args:
        z: Codes, (n, L), L at least 2.

    Raises:
        DataError: `codes_and_factors.checked_codes` refuses them.
    """
    classes = binned_codes(checked_codes(z))
    information = mutual_information(classes, classes)
    count = len(information)
    return float((information.sum() - np.trace(information)) / (count * (count - 1)))
