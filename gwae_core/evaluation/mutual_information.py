"""Mutual information of columns of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.codes_and_factors import CodesAndFactors
from gwae_core.evaluation.factor_classes import binned_codes, factor_classes


def mutual_information(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """I(a_i; b_j) in nats of columns of classes, (n, A) and (n, B) -> (A, B).

    I = sum_uv p(u, v) log(p(u, v) / (p(u) p(v))) with the observed frequencies.
    """
    from sklearn.metrics import mutual_info_score

    return np.array([[mutual_info_score(u, v) for v in b.T] for u in a.T], dtype=np.float64)


def entropies(a: NDArray[Any]) -> NDArray[np.float64]:
    """H(a_i) in nats of columns of classes, (n, A) -> (A,)."""
    shares = [np.unique(column, return_counts=True)[1] / len(column) for column in a.T]
    return np.array([-(p * np.log(p)).sum() for p in shares])


def code_factor_information(given: CodesAndFactors) -> NDArray[np.float64]:
    """I(z_i; y_j) of codes in 20 bins and classes of factors, (L, K)."""
    return mutual_information(binned_codes(given.z), factor_classes(given.y))
