from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from gwae_core.evaluation import dci_scores
from gwae_core.evaluation.dci import disentanglement

rng = np.random.default_rng(0)


def entropy(*p: float) -> float:
    return -sum(x * math.log(x) for x in p if x)


@pytest.mark.parametrize(
    ("importance", "expected"),
    [
        (np.eye(3), 1.0),
        (np.full((4, 3), 0.2), 0.0),
        (np.zeros((2, 3)), 0.0),
        # rows of weight 1 and 3, of which the first is split evenly
        (np.array([[0.5, 0.5], [3.0, 0.0]]), 0.75),
        (
            np.array([[0.9, 0.1], [0.2, 0.8]]),
            1 - (entropy(0.9, 0.1) + entropy(0.2, 0.8)) / 2 / math.log(2),
        ),
    ],
)
def test_disentanglement_in_closed_form(importance: np.ndarray, expected: float) -> None:
    assert disentanglement(importance) == pytest.approx(expected, abs=1e-8)


def test_disentanglement_sees_neither_order_nor_scale() -> None:
    r = rng.random((5, 3))
    assert disentanglement(7 * r[::-1, [2, 0, 1]]) == pytest.approx(disentanglement(r), abs=1e-9)


def test_two_codes_of_one_factor_are_disentangled_and_not_complete() -> None:
    r = np.array([[0.5, 0.0], [0.5, 0.0], [0.0, 1.0]])
    assert disentanglement(r) == pytest.approx(1.0)
    assert disentanglement(r.T) == pytest.approx(1 - math.log(2) / math.log(3) / 2)


@pytest.mark.parametrize("variant", ["gbt", "forest"])
def test_codes_that_are_the_factors_score_one(variant: str) -> None:
    y = rng.integers(0, 3, (200, 2))
    z = np.concatenate([y, rng.normal(size=(200, 1))], axis=1)
    found = dci_scores(z[:150], y[:150], z[150:], y[150:], seed=0, variant=variant)  # type: ignore[arg-type]
    assert found.disentanglement == pytest.approx(1.0, abs=1e-6)
    assert found.completeness == pytest.approx(1.0, abs=1e-6)
    assert found.informativeness == found.informativeness_train == 1.0
    assert found.importance == pytest.approx(np.eye(3)[:, :2], abs=1e-6)


def test_importances_are_those_of_scikit_learn() -> None:
    y = rng.integers(0, 2, (80, 2))
    z = y + rng.normal(size=(80, 2))
    found = dci_scores(z[:50], y[:50], z[50:], y[50:], seed=3)
    for j in range(2):
        model = GradientBoostingClassifier(
            n_estimators=100, max_depth=3, learning_rate=0.1, random_state=3
        ).fit(z[:50], y[:50, j])
        assert found.importance[:, j] == pytest.approx(model.feature_importances_)


def test_a_seed_gives_the_same_forest_again() -> None:
    y = rng.integers(0, 4, (200, 2))
    z = y + rng.normal(size=(200, 2))
    a, b, c = (
        dci_scores(z[:150], y[:150], z[150:], y[150:], seed=seed, variant="forest")
        for seed in (1, 1, 2)
    )
    assert a.disentanglement == b.disentanglement != c.disentanglement
