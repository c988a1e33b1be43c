"""Whether factors can be read off all codes together."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.codes_and_factors import checked_split
from gwae_core.evaluation.factor_classes import factor_classes


@dataclass(frozen=True)
class Explicitness:
    """Explicitness of training and test points.

    Attributes:
        train: Mean over factors on training points.
        test: Mean over factors on test points.
    """

    train: float
    test: float


def explicitness_score(
    z_train: NDArray[Any], y_train: NDArray[Any], z_test: NDArray[Any], y_test: NDArray[Any]
) -> Explicitness:
    """Mean over factors of the area under the ROC curve (Ridgeway and Mozer, 2018).

    A multinomial logistic regression predicts each factor from all codes, standardised with the
    training points' moments; the area is that of one class against the rest, the mean over classes.
    1 is perfect, 0.5 is chance. The classes of a continuous factor are 20 bins of equal width.

    Args:
        z_train: Training codes, (n, L), L at least 2.
        y_train: Training factors, (n, K), K at least 2.
        z_test: Test codes, (m, L).
        y_test: Test factors, (m, K).

    Returns:
        The score; a class that no test point or every test point has does not count on test
        points, and a factor without any class that counts is 0.5.

    Raises:
        DataError: `codes_and_factors.checked_split` refuses them.
    """
    train, test = checked_split(z_train, y_train, z_test, y_test)
    mean, scale = train.z.mean(axis=0), train.z.std(axis=0)
    scale = np.where(train.z.min(axis=0) < train.z.max(axis=0), scale, 1.0)
    inputs = [(z - mean) / scale for z in (train.z, test.z)]
    classes = factor_classes(train.y)
    truth = factor_classes(test.y, reference=train.y)
    areas = [
        _areas(inputs[0], classes[:, j], ((inputs[0], classes[:, j]), (inputs[1], truth[:, j])))
        for j in range(classes.shape[1])
    ]
    on_train, on_test = np.mean(areas, axis=0)
    return Explicitness(float(on_train), float(on_test))


def _areas(
    z: NDArray[Any],
    labels: NDArray[Any],
    judged: tuple[tuple[NDArray[Any], NDArray[Any]], ...],
) -> list[float]:
    """Fit on codes and labels, and give the mean area over classes of each judged pair of them."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    with warnings.catch_warnings():
        # The protocol stops after a hundred iterations; the order of the scores settles before.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression().fit(z, labels)
    found = []
    for codes, truth in judged:
        scores = model.predict_proba(codes)
        areas = [
            roc_auc_score(truth == label, scores[:, k])
            for k, label in enumerate(model.classes_)
            if 0 < np.count_nonzero(truth == label) < len(truth)
        ]
        found.append(float(np.mean(areas)) if areas else 0.5)
    return found
