"""What the metrics of codes against factors share: when they apply, and their rows."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation import random_subset
from gwae_core.interfaces import Evaluated, Metric, MetricInput


@dataclass(frozen=True)
class FactorRows:
    """Rows of both splits; factors that do not vary are left out.

    Attributes:
        z_train: Codes, (n, L).
        y_train: Factors, (n, kept).
        z_test: Codes, (m, L).
        y_test: Factors, (m, kept).
        kept: Which of all factors are kept, (K,).
    """

    z_train: NDArray[Any]
    y_train: NDArray[Any]
    z_test: NDArray[Any]
    y_test: NDArray[Any]
    kept: NDArray[np.bool_]

    @property
    def split(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Training codes and factors, test codes and factors."""
        return self.z_train, self.y_train, self.z_test, self.y_test

    def of_all_factors(self, matrix: NDArray[Any]) -> NDArray[Any]:
        """A matrix (L, kept) as (L, K), with zeros for the factors that were left out."""
        whole = np.zeros((len(matrix), len(self.kept)), dtype=matrix.dtype)
        whole[:, self.kept] = matrix
        return whole


class FactorMetric(Metric, ABC):
    """A metric of codes against factors, on splits of at least ``smallest_split`` rows."""

    better: ClassVar = {"score": "higher"}

    @property
    def smallest_split(self) -> int:
        """Rows that each split must have."""
        return 1

    def applies(self, data: MetricInput) -> bool:
        """At least two codes, two factors that vary, and enough rows in each split."""
        rows = min(len(data.train.z), len(data.test.z))
        return has_factors(data) and rows >= self.smallest_split


def has_factors(data: MetricInput) -> bool:
    """Two codes or more, and two factors or more that vary in both splits."""
    if data.train.factors is None or data.test.factors is None or data.test.z.shape[1] < 2:
        return False
    if not len(data.train.factors) or not len(data.test.factors):
        return False
    return int(_varying(data).sum()) >= 2


def factor_rows(
    data: MetricInput, *, num_train: int | None = None, num_test: int | None = None
) -> FactorRows:
    """Rows of both splits, drawn by the seed without replacement.

    Args:
        data: Splits that `has_factors` accepts.
        num_train: Most training rows; None means all.
        num_test: Most test rows; None means all.
    """
    kept = _varying(data)
    z_train, y_train = _drawn(data.train, num_train, data.seed)
    z_test, y_test = _drawn(data.test, num_test, data.seed)
    return FactorRows(z_train, y_train[:, kept], z_test, y_test[:, kept], kept)


def _varying(data: MetricInput) -> NDArray[np.bool_]:
    assert data.train.factors is not None and data.test.factors is not None
    splits = (data.train.factors, data.test.factors)
    return np.asarray(np.logical_and.reduce([y.min(axis=0) < y.max(axis=0) for y in splits]))


def _drawn(split: Evaluated, limit: int | None, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    assert split.factors is not None
    if limit is None:
        return split.z, split.factors
    rows = random_subset(len(split.z), limit, seed=seed)
    return split.z[rows], split.factors[rows]
