from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from gwae_core.errors import DataError
from gwae_core.evaluation import detection
from gwae_core.interfaces import Interval

rng = np.random.default_rng(0)
CASES = {
    "apart": (rng.normal(size=300), rng.normal(size=150) + 1),
    "ties": (rng.integers(0, 6, 200), rng.integers(2, 8, 300)),
    "small": (np.array([0.1, 0.4]), np.array([0.3])),
    "equal": (np.ones(20), np.ones(30)),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_that_of_scikit_learn(name: str) -> None:
    inside, outside = CASES[name]
    y = np.r_[np.zeros(len(inside)), np.ones(len(outside))]
    scores = np.r_[inside, outside]
    fpr, tpr, _ = roc_curve(y, scores, drop_intermediate=False)
    found = detection(inside, outside)
    assert found.auroc == pytest.approx(roc_auc_score(y, scores))
    assert found.aupr == pytest.approx(average_precision_score(y, scores))
    assert found.fpr95 == pytest.approx(fpr[tpr >= 0.95].min())


def test_perfect_useless_and_inverted_scores() -> None:
    low, high = rng.random(50), rng.random(40) + 2
    right, wrong = detection(low, high), detection(high, low)
    assert (right.auroc, right.aupr, right.fpr95) == (1.0, 1.0, 0.0)
    assert (wrong.auroc, wrong.fpr95) == (0.0, 1.0)
    chance = detection(np.zeros(30), np.zeros(10))
    assert (chance.auroc, chance.aupr, chance.fpr95) == (0.5, 0.25, 1.0)


def test_only_the_order_of_scores_counts() -> None:
    inside, outside = CASES["apart"]
    there = detection(inside, outside)
    back = detection(np.exp(3 * inside), np.exp(3 * outside))
    assert there.auroc == back.auroc
    np.testing.assert_array_equal(there.roc, back.roc)


def test_the_curve_is_thinned_and_keeps_its_ends_and_its_area() -> None:
    inside, outside = rng.normal(size=5000), rng.normal(size=5000) + 1
    found = detection(inside, outside)
    assert found.roc.shape[0] == 2
    assert 100 < found.roc.shape[1] <= 200
    np.testing.assert_array_equal(found.roc[:, [0, -1]], [[0, 1], [0, 1]])
    assert (np.diff(found.roc) >= 0).all()
    assert np.trapezoid(found.roc[1], found.roc[0]) == pytest.approx(found.auroc, abs=2e-3)


def test_intervals_are_those_of_resampled_points() -> None:
    inside, outside = (scores[:80] for scores in CASES["ties"])
    found = detection(inside, outside, resamples=3000, seed=1)
    draws = [
        detection(inside[rng.integers(0, 80, 80)], outside[rng.integers(0, 80, 80)])
        for _ in range(1500)
    ]
    for name in ("auroc", "aupr", "fpr95"):
        interval = getattr(found, name)
        assert isinstance(interval, Interval)
        assert interval.value == pytest.approx(getattr(detection(inside, outside), name))
        expected = np.quantile([getattr(one, name) for one in draws], [0.025, 0.975])
        np.testing.assert_allclose([interval.low, interval.high], expected, atol=0.03)


@pytest.mark.parametrize(
    ("inside", "outside"), [(np.array([]), np.ones(3)), (np.ones(3), np.array([np.nan, 1.0]))]
)
def test_what_cannot_be_compared_is_refused(inside: np.ndarray, outside: np.ndarray) -> None:
    with pytest.raises(DataError, match=f"got {len(inside)} inside and {len(outside)} outside"):
        detection(inside, outside)
