"""The interventional robustness score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.evaluation.codes_and_factors import checked
from gwae_core.evaluation.factor_classes import BINS, bins


@dataclass(frozen=True)
class IRS:
    """Interventional robustness and what it is made of.

    Attributes:
        score: Mean over codes, weighted by their largest deviation; constant codes do not count.
        robustness: 1 - d_ij / M_i of code i and factor j, (L, K); 0 for a constant code.
    """

    score: float
    robustness: NDArray[np.float64]


def irs_score(z: NDArray[Any], y: NDArray[Any], *, quantile: float = 0.99) -> IRS:
    """How little a code moves while one factor is held (Suter et al., 2019).

    With M_i = max |z_i - mean z_i| and d_ij the mean over values v of factor j of the quantile of
    |z_i - E[z_i | y_j = v]| within them, the score is
    sum_i M_i max_j (1 - d_ij / M_i) / sum_i M_i.

    Args:
        z: Codes, (n, L), L at least 2.
        y: Factors, (n, K), K at least 2; one of more than 20 values is held in 20 bins.
        quantile: Above 0, at most 1, which takes the largest deviation.

    Returns:
        The score, 0 where every code is constant. It may be slightly negative.

    Raises:
        DataError: `codes_and_factors.checked` refuses them, or the quantile is not in (0, 1].
    """
    if not 0 < quantile <= 1:
        raise DataError(
            f"the quantile must be above 0 and at most 1, got {quantile}", hint="take 0.99"
        )
    given = checked(z, y)
    live = given.z.min(axis=0) < given.z.max(axis=0)
    robustness = np.zeros((given.z.shape[1], given.y.shape[1]))
    if not live.any():
        return IRS(0.0, robustness)
    codes = given.z[:, live]
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)  # (live,)
    for j, factor in enumerate(given.y.T):
        deviation = _deviation(codes, _held(factor), quantile)
        robustness[live, j] = 1 - deviation / largest
    score = np.average(robustness[live].max(axis=1), weights=largest)
    return IRS(float(score), robustness)


def _held(factor: NDArray[np.float64]) -> NDArray[Any]:
    return bins(factor) if len(np.unique(factor)) > BINS else factor


def _deviation(
    codes: NDArray[np.float64], held: NDArray[Any], quantile: float
) -> NDArray[np.float64]:
    """Mean over values of the quantile of |z - E[z | value]|, (live,)."""
    groups = [codes[held == value] for value in np.unique(held)]
    found = [np.quantile(np.abs(g - g.mean(axis=0)), quantile, axis=0) for g in groups]
    return np.asarray(np.mean(found, axis=0))
