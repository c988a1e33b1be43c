from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from gwae_core.evaluation import embed_2d

rng = np.random.default_rng(0)


@pytest.mark.parametrize("d", [1, 2])
def test_codes_of_two_coordinates_are_shown_as_they_are(d: int) -> None:
    z = rng.normal(size=(20, d)).astype(np.float32)
    found = embed_2d(z, seed=0)
    assert found.method == "codes"
    np.testing.assert_array_equal(found.points[:, :d], z)
    assert found.points.shape == (20, 2)


def test_few_points_are_shown_by_their_principal_components() -> None:
    z = rng.normal(size=(50, 6)) * np.arange(1, 7)
    found = embed_2d(z, seed=0)
    assert found.method == "PCA"
    expected = PCA(2).fit_transform(z)
    np.testing.assert_allclose(np.abs(found.points), np.abs(expected), rtol=1e-4)


@pytest.mark.parametrize("n", [1, 2, 200])
def test_collapsed_codes_and_single_points_do_not_crash(n: int) -> None:
    found = embed_2d(np.ones((n, 4)), seed=0)
    assert found.method == "PCA"
    np.testing.assert_allclose(found.points, np.zeros((n, 2)), atol=1e-6)


def test_clusters_stay_apart_and_the_picture_is_repeatable() -> None:
    z, y = make_blobs(200, n_features=8, centers=5, random_state=0)
    found = embed_2d(z, seed=0)
    assert found.method == "t-SNE"
    assert KNeighborsClassifier(5).fit(found.points, y).score(found.points, y) == 1.0
    np.testing.assert_array_equal(found.points, embed_2d(z, seed=0).points)
