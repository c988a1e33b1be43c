"""How well a score tells out-of-distribution data from held-out data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.evaluation.resampling import bootstrap
from gwae_core.interfaces import Interval

ROC_POINTS = 200
"""Most points of a curve that is kept to be drawn."""
TRUE_POSITIVE_RATE = 0.95


@dataclass(frozen=True)
class Detection:
    """Detection of outside points, the positive class, by a score that is larger for them.

    Attributes:
        auroc: Probability that an outside point has the larger score, ties counting half.
        aupr: Average precision, sum_k (r_k - r_{k-1}) p_k over thresholds; by chance it is the
            share of outside points.
        fpr95: Share of inside points that are flagged where 95 % of the outside ones are.
        roc: False and true positive rates, (2, points), from (0, 0) to (1, 1).
    """

    auroc: float | Interval
    aupr: float | Interval
    fpr95: float | Interval
    roc: NDArray[np.float64]


def detection(
    inside: NDArray[Any], outside: NDArray[Any], *, resamples: int = 0, seed: int = 0
) -> Detection:
    """Compare scores of inside and outside points (Hendrycks and Gimpel, 2017).

    Args:
        inside: Scores of held-out points, (n,).
        outside: Scores of out-of-distribution points, (m,).
        resamples: Resamples of both sets apart, for 95 % intervals; 0 gives numbers alone.
        seed: Seed of the resamples.

    Raises:
        DataError: A set is empty, or a score is NaN.
    """
    scores = np.concatenate([inside, outside]).astype(np.float64)
    if min(len(inside), len(outside)) == 0 or np.isnan(scores).any():
        raise DataError(
            f"detection compares scores that are numbers; got {len(inside)} inside and "
            f"{len(outside)} outside, {int(np.isnan(scores).sum())} of them NaN"
        )
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    # equal scores are flagged together: a threshold stands at the last of each
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    rates = partial(_rates, order=order, ends=ends, positive=order >= len(inside))
    ones = np.ones((1, len(scores)))

    def measured(statistic: Callable[..., NDArray[np.float64]]) -> float | Interval:
        if not resamples:
            return float(statistic(*rates(ones))[0])
        return bootstrap(
            lambda counts: statistic(*rates(counts)),
            (len(inside), len(outside)),
            resamples=resamples,
            seed=seed,
        )

    roc = np.stack([rate[0] for rate in rates(ones)[:2]])
    return Detection(
        auroc=measured(_auroc),
        aupr=measured(_average_precision),
        fpr95=measured(_fpr),
        roc=_thinned(roc),
    )


def _rates(
    counts: NDArray[np.float64],
    *,
    order: NDArray[np.int64],
    ends: NDArray[np.int64],
    positive: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates at each threshold from none flagged to all, and precision."""
    ranked = counts[:, order]
    tp = np.cumsum(np.where(positive, ranked, 0.0), axis=1)[:, ends]
    fp = np.cumsum(np.where(positive, 0.0, ranked), axis=1)[:, ends]
    precision = tp / np.maximum(tp + fp, 1.0)
    start = ((0, 0), (1, 0))
    tpr, fpr = (np.pad(flagged / flagged[:, -1:], start) for flagged in (tp, fp))
    return fpr, tpr, precision


def _auroc(
    fpr: NDArray[np.float64], tpr: NDArray[np.float64], _precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    area: NDArray[np.float64] = (np.diff(fpr) * (tpr[:, 1:] + tpr[:, :-1]) / 2).sum(axis=1)
    return area


def _average_precision(
    _fpr: NDArray[np.float64], tpr: NDArray[np.float64], precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    average: NDArray[np.float64] = (np.diff(tpr) * precision).sum(axis=1)
    return average


def _fpr(
    fpr: NDArray[np.float64], tpr: NDArray[np.float64], _precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    # rounding must not hide that exactly 95 % are flagged
    first = (tpr >= TRUE_POSITIVE_RATE - 1e-12).argmax(axis=1)
    return np.asarray(np.take_along_axis(fpr, first[:, None], axis=1)[:, 0])


def _thinned(roc: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most `ROC_POINTS` points of a curve (2, k), evenly along it, with both ends."""
    if roc.shape[1] <= ROC_POINTS:
        return roc
    length = roc.sum(axis=0)
    kept = np.searchsorted(length, np.linspace(0, 2, ROC_POINTS - 1))
    kept = np.unique(np.append(np.minimum(kept, roc.shape[1] - 1), roc.shape[1] - 1))
    return roc[:, kept]
