"""Disentanglement, completeness and informativeness of codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.codes_and_factors import checked_split
from gwae_core.evaluation.factor_classes import factor_classes

TREES, DEPTH, LEAF = 10, 7, 0.0035
"""Trees of the forest, their depth and the least share of points in a leaf, with which importances
are nearest to boosting's: small trees miss codes that matter little, large ones count noise."""
TINY = 1e-11
"""Added to importances, so that the entropy of a code without any is that of a uniform one."""

Variant = Literal["gbt", "forest"]


@dataclass(frozen=True)
class DCI:
    """The three scores and the importances that the first two are computed from.

    Attributes:
        disentanglement: 1 where each code matters for one factor only.
        completeness: 1 where one code only matters for each factor.
        informativeness: Mean accuracy over factors on test points.
        informativeness_train: The same on training points.
        importance: R, of code i for factor j, (L, K); a column sums to 1, or to 0 where no code
            helps.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    informativeness_train: float
    importance: NDArray[np.float64]


def dci_scores(
    z_train: NDArray[Any],
    y_train: NDArray[Any],
    z_test: NDArray[Any],
    y_test: NDArray[Any],
    *,
    seed: int,
    variant: Variant = "gbt",
) -> DCI:
    """Predict each factor from all codes and see which codes matter (Eastwood and Williams, 2018).

    ``gbt`` is the protocol of Locatello et al. (2019): gradient-boosted trees, 100 rounds, depth 3,
    rate 0.1, whose cost grows with the number of classes. ``forest`` is a random forest of 10 trees
    of depth 7 with 0.35 % of the points in a leaf at least, which may split on any code: it tracks
    disentanglement and completeness of ``gbt`` in a small part of the time, not informativeness.

    Args:
        z_train: Training codes, (n, L), L at least 2.
        y_train: Training factors, (n, K), K at least 2; the classes of a continuous one are 20 bins
            of equal width.
        z_test: Test codes, (m, L).
        y_test: Test factors, (m, K).
        seed: Seed of the trees.
        variant: Where importances come from.

    Raises:
        DataError: `codes_and_factors.checked_split` refuses them.
    """
    train, test = checked_split(z_train, y_train, z_test, y_test)
    classes = factor_classes(train.y)
    truth = factor_classes(test.y, reference=train.y)
    importance = np.empty((train.z.shape[1], classes.shape[1]))
    accuracy = np.empty((2, classes.shape[1]))
    for j in range(classes.shape[1]):
        model = _classifier(variant, seed).fit(train.z, classes[:, j])
        importance[:, j] = np.abs(model.feature_importances_)
        accuracy[0, j] = np.mean(model.predict(train.z) == classes[:, j])
        accuracy[1, j] = np.mean(model.predict(test.z) == truth[:, j])
    on_train, on_test = accuracy.mean(axis=1)
    return DCI(
        disentanglement=disentanglement(importance),
        completeness=disentanglement(importance.T),
        informativeness=float(on_test),
        informativeness_train=float(on_train),
        importance=importance,
    )


def disentanglement(importance: NDArray[Any]) -> float:
    """sum_i rho_i (1 - H(R_i)), H the entropy to base K of row i normalised to sum 1.

    rho_i is the share of row i in all importance. Of the transposed matrix it is completeness.

    Args:
        importance: R, (L, K), not negative, K at least 2.

    Returns:
        The score in [0, 1]; 0 where all importances are 0.
    """
    total = importance.sum()
    if total == 0:
        return 0.0
    p = importance + TINY
    p = p / p.sum(axis=1, keepdims=True)
    entropy = -(p * np.log(p)).sum(axis=1) / np.log(importance.shape[1])
    return float(((1 - entropy) * importance.sum(axis=1)).sum() / total)


def _classifier(variant: Variant, seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

    if variant == "gbt":
        return GradientBoostingClassifier(random_state=seed)
    return RandomForestClassifier(
        TREES, max_depth=DEPTH, min_samples_leaf=LEAF, max_features=None, random_state=seed
    )
