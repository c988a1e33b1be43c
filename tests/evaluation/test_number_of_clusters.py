from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import calinski_harabasz_score, silhouette_score

from gwae_core.evaluation import cluster_number

z, _ = make_blobs(300, n_features=3, centers=4, cluster_std=0.5, random_state=2)


def test_both_measures_find_the_blobs_and_are_those_of_scikit_learn() -> None:
    found = cluster_number(z[:200], z[200:], range(2, 8), seed=0)
    np.testing.assert_array_equal(found.k, range(2, 8))
    assert found.k[found.silhouette.argmax()] == found.k[found.calinski_harabasz.argmax()] == 4
    assigned = KMeans(3, n_init=3, random_state=0).fit(z[:200]).predict(z[200:])
    assert found.silhouette[1] == pytest.approx(silhouette_score(z[200:], assigned))
    assert found.calinski_harabasz[1] == pytest.approx(calinski_harabasz_score(z[200:], assigned))


def test_numbers_that_the_points_do_not_allow_are_left_out() -> None:
    np.testing.assert_array_equal(cluster_number(z[:3], z[:50], range(2, 9), seed=0).k, [2, 3])
    np.testing.assert_array_equal(cluster_number(z, z[:4], range(2, 9), seed=0).k, [2, 3])
    repeated = np.repeat(z[:2], 20, axis=0)
    np.testing.assert_array_equal(cluster_number(repeated, z, range(2, 9), seed=0).k, [2])
    assert len(cluster_number(np.zeros((30, 3)), z, range(2, 9), seed=0).k) == 0


def test_test_points_in_one_cluster_have_measures_of_zero() -> None:
    train = np.concatenate([z[:20], z[:20] + 1000])
    found = cluster_number(train, z[:10], [2], seed=0)
    assert (found.silhouette[0], found.calinski_harabasz[0]) == (0.0, 0.0)


def test_many_points_are_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwae_core.evaluation.number_of_clusters.POINTS", 60)
    few = cluster_number(z[:200], z, [4], seed=0)
    again = cluster_number(z[:200], z, [4], seed=0)
    assert few.silhouette == again.silhouette
    assert few.silhouette != cluster_number(z[:200], z, [4], seed=1).silhouette
