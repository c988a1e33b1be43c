from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from scipy.stats import pearsonr, spearmanr
from sklearn import manifold

from gwae_core.errors import SpaceError
from gwae_core.evaluation import (
    compare_distances,
    condensed,
    euclidean_distances,
    least_squares_slope,
    trustworthiness,
)

rng = np.random.default_rng(0)
x = rng.normal(size=(60, 5))
z = x[:, :2] + 0.3 * rng.normal(size=(60, 2))


def test_euclidean_distances_agree_with_scipy() -> None:
    np.testing.assert_allclose(euclidean_distances(x.reshape(60, 5, 1)), cdist(x, x), atol=1e-7)
    np.testing.assert_allclose(condensed(cdist(x, x)), pdist(x))


def test_correlations_agree_with_scipy() -> None:
    found = compare_distances(pdist(x), pdist(z))
    assert found.spearman == pytest.approx(spearmanr(pdist(x), pdist(z)).statistic)
    assert found.pearson == pytest.approx(pearsonr(pdist(x), pdist(z)).statistic)


def test_an_isometry_up_to_scale_is_perfect() -> None:
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    found = compare_distances(pdist(x), pdist(x @ rotation / 4 + 1))
    assert found.spearman == pytest.approx(1)
    assert found.pearson == pytest.approx(1)
    assert found.slope == pytest.approx(4)
    assert found.distortion == pytest.approx(0, abs=1e-12)


def test_distortion_does_not_depend_on_units_and_falls_with_the_noise() -> None:
    found = compare_distances(pdist(x), pdist(z))
    scaled = compare_distances(3 * pdist(x), 7 * pdist(z))
    assert scaled.distortion == pytest.approx(found.distortion)
    assert scaled.slope == pytest.approx(found.slope * 3 / 7)
    better = compare_distances(pdist(x), pdist(x + 0.1 * rng.normal(size=x.shape)))
    assert better.distortion < found.distortion < 1


def test_the_slope_is_the_least_squares_solution() -> None:
    expected = np.linalg.lstsq(pdist(z)[:, None], pdist(x), rcond=None)[0][0]
    assert least_squares_slope(pdist(x), pdist(z)) == pytest.approx(expected)


def test_collapsed_codes_keep_nothing() -> None:
    found = compare_distances(pdist(x), np.zeros(len(pdist(x))))
    assert (found.spearman, found.pearson, found.slope, found.distortion) == (0, 0, 0, 1)


@pytest.mark.parametrize("d_x", [np.zeros(3), np.empty(0)])
def test_equal_points_cannot_be_compared(d_x: np.ndarray) -> None:
    with pytest.raises(SpaceError, match="points that differ"):
        compare_distances(d_x, np.ones(len(d_x)))


@pytest.mark.parametrize("k", [1, 5, 29])
def test_trustworthiness_and_continuity_agree_with_scikit_learn(k: int) -> None:
    d_x, d_z = cdist(x, x), cdist(z, z)
    expected = manifold.trustworthiness(x, z, n_neighbors=k)
    assert trustworthiness(d_x, d_z, n_neighbors=k) == pytest.approx(expected)
    expected = manifold.trustworthiness(z, x, n_neighbors=k)
    assert trustworthiness(d_z, d_x, n_neighbors=k) == pytest.approx(expected)


def test_trustworthiness_of_the_data_themselves_is_one_and_leaves_them_unchanged() -> None:
    d_x = cdist(x, x)
    assert trustworthiness(d_x, d_x) == 1.0
    assert (np.diag(d_x) == 0).all()


@pytest.mark.parametrize("k", [0, 30])
def test_a_neighbourhood_of_half_the_points_is_refused(k: int) -> None:
    with pytest.raises(SpaceError, match="below 60 / 2"):
        trustworthiness(cdist(x, x), cdist(z, z), n_neighbors=k)
