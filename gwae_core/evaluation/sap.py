"""The separated attribute predictability score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.codes_and_factors import checked, checked_split
from gwae_core.evaluation.factor_classes import factor_classes
from gwae_core.evaluation.gap import gaps

CONSTANT = 1e-12
"""Variance up to which a code counts as constant."""


@dataclass(frozen=True)
class SAP:
    """The SAP score and what it is made of.

    Attributes:
        score: Mean over factors of the gap between the best code and the second best.
        predictability: How well code i alone predicts factor j, (L, K).
    """

    score: float
    predictability: NDArray[np.float64]


def sap_svc(
    z_train: NDArray[Any], y_train: NDArray[Any], z_test: NDArray[Any], y_test: NDArray[Any]
) -> SAP:
    """SAP of discrete factors: accuracy of a linear classifier on one code (Kumar et al., 2018).

    S_ij is the test accuracy of a linear support vector machine (C = 0.01, balanced classes) that
    predicts factor j from code i; the score is the mean over factors of S_(1)j - S_(2)j. The
    classes of a continuous factor are 20 bins of equal width.

    Args:
        z_train: Training codes, (n, L), L at least 2.
        y_train: Training factors, (n, K), K at least 2.
        z_test: Test codes, (m, L).
        y_test: Test factors, (m, K).

    Raises:
        DataError: `codes_and_factors.checked_split` refuses them.
    """
    from sklearn.svm import LinearSVC

    train, test = checked_split(z_train, y_train, z_test, y_test)
    classes = factor_classes(train.y)
    truth = factor_classes(test.y, reference=train.y)
    accuracy = np.empty((train.z.shape[1], train.y.shape[1]))
    for i, j in np.ndindex(accuracy.shape):
        # The primal problem needs no random order; without a seed it reads the global one.
        machine = LinearSVC(C=0.01, class_weight="balanced", dual=False, random_state=0)
        machine.fit(train.z[:, [i]], classes[:, j])
        accuracy[i, j] = np.mean(machine.predict(test.z[:, [i]]) == truth[:, j])
    return SAP(float(gaps(accuracy).mean()), accuracy)


def sap_continuous(z: NDArray[Any], y: NDArray[Any]) -> SAP:
    """SAP of ordered factors: squared correlation with one code (Kumar et al., 2018).

    S_ij = cov(z_i, y_j)^2 / (var z_i var y_j), 0 for a code of variance up to 1e-12; the score is
    the mean over factors of S_(1)j - S_(2)j.

    Args:
        z: Codes, (n, L), L at least 2.
        y: Factors, (n, K), K at least 2.

    Raises:
        DataError: `codes_and_factors.checked` refuses them.
    """
    given = checked(z, y)
    n = len(given.z)
    a, b = given.z - given.z.mean(axis=0), given.y - given.y.mean(axis=0)
    covariance = a.T @ b / (n - 1)  # (L, K)
    var_z, var_y = np.square(a).sum(axis=0) / (n - 1), np.square(b).sum(axis=0) / (n - 1)
    live = var_z > CONSTANT
    scale = np.where(live, var_z, 1.0)[:, None] * var_y
    square = np.where(live[:, None], np.square(covariance) / scale, 0.0)
    return SAP(float(gaps(square).mean()), square)
