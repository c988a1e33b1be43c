from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gwae_core.errors import DataError
from gwae_core.evaluation import manifold_scores

rng = np.random.default_rng(0)


def brute(x: np.ndarray, y: np.ndarray, k: int, wide: int) -> dict[str, list[float]]:
    def radius(points: np.ndarray, i: int, k: int) -> float:
        return sorted(np.linalg.norm(points[i] - p) for j, p in enumerate(points) if j != i)[k - 1]

    d = cdist(x, y)
    r, wide_r = ([radius(x, i, k) for i in range(len(x))] for k in (k, wide))
    r_y = [radius(y, j, k) for j in range(len(y))]
    return {
        "precision": [float(any(d[i, j] <= r[i] for i in range(len(x)))) for j in range(len(y))],
        "recall": [float(any(d[i, j] <= r_y[j] for j in range(len(y)))) for i in range(len(x))],
        "density": [sum(d[i, j] <= wide_r[i] for i in range(len(x))) / wide for j in range(len(y))],
        "coverage": [
            float(any(d[i, j] <= wide_r[i] for j in range(len(y)))) for i in range(len(x))
        ],
    }


@pytest.mark.parametrize("entries", [60, 4_000_000])
def test_it_is_the_definition_point_by_point(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwae_core.spaces.BLOCK_ENTRIES", entries)
    x, y = rng.normal(size=(25, 2)), rng.normal(size=(18, 2)) + 0.7
    found = manifold_scores(x, y, neighbors=2, wide_neighbors=4)
    for name, values in brute(x, y, 2, 4).items():
        np.testing.assert_allclose(getattr(found, name), values)


def test_equal_sets_are_perfect_and_far_ones_have_nothing() -> None:
    x = rng.normal(size=(60, 3))
    same, far = manifold_scores(x, x), manifold_scores(x, x + 100)
    for name in ("precision", "recall", "coverage"):
        assert getattr(same, name).mean() == 1.0
        assert getattr(far, name).mean() == 0.0
    # every point lies in the ball of its five nearest neighbours' owners, and in its own
    assert same.density.mean() == pytest.approx(6 / 5)
    assert far.density.mean() == 0.0


def test_precision_and_recall_change_places_with_the_sets() -> None:
    x, y = rng.normal(size=(50, 2)), 0.3 * rng.normal(size=(40, 2))
    there, back = manifold_scores(x, y), manifold_scores(y, x)
    np.testing.assert_array_equal(there.precision, back.recall)
    np.testing.assert_array_equal(there.recall, back.precision)
    assert there.precision.mean() == 1.0 > there.recall.mean()


def test_copies_of_one_point_have_balls_of_radius_zero() -> None:
    x = np.ones((10, 2))
    assert manifold_scores(x, x).precision.mean() == 1.0
    assert manifold_scores(x, x + 1e-3).precision.mean() == 0.0


def test_outliers_raise_precision_and_not_density() -> None:
    x = np.concatenate([rng.normal(size=(200, 2)), [[50.0, 50.0]]])
    y = rng.normal(size=(200, 2)) + 20  # reached by the outlier's ball alone
    found = manifold_scores(x, y)
    assert found.precision.mean() == 1.0
    assert found.density.mean() < 0.25


@pytest.mark.parametrize(("n", "m"), [(5, 20), (20, 3)])
def test_too_few_points_are_refused(n: int, m: int) -> None:
    with pytest.raises(DataError, match=f"got {n} real and {m} generated"):
        manifold_scores(rng.normal(size=(n, 2)), rng.normal(size=(m, 2)))
