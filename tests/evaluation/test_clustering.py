from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_blobs

from gwae_core.evaluation import cluster_scores, fit_gaussian_mixture, fit_kmeans

labels = st.lists(st.integers(0, 3), min_size=8, max_size=8).map(np.array)


@given(labels, labels)
def test_accuracy_is_that_of_the_best_match_by_brute_force(y: np.ndarray, c: np.ndarray) -> None:
    best = max(np.mean(np.array(order)[c] == y) for order in permutations(range(4)))
    assert cluster_scores(y, c).accuracy == pytest.approx(best)


@given(labels, labels, st.permutations(range(4)))
def test_the_numbering_of_clusters_does_not_matter(
    y: np.ndarray, c: np.ndarray, order: list[int]
) -> None:
    scores, renamed = cluster_scores(y, c), cluster_scores(y, 10 + np.array(order)[c])
    assert renamed.accuracy == pytest.approx(scores.accuracy)
    assert renamed.nmi == pytest.approx(scores.nmi)
    assert renamed.ari == pytest.approx(scores.ari)


def test_points_of_a_spare_cluster_are_wrong() -> None:
    y = np.array([0, 0, 0, 0, 1, 1])
    scores = cluster_scores(y, np.array([0, 0, 0, 2, 1, 1]))
    assert scores.accuracy == pytest.approx(5 / 6)
    assert scores.nmi < 1


def test_one_cluster_for_all_says_nothing() -> None:
    scores = cluster_scores(np.array([0, 0, 1, 1]), np.zeros(4))
    assert (scores.accuracy, scores.nmi, scores.ari) == (0.5, 0.0, 0.0)


@pytest.mark.parametrize("fit", [fit_kmeans, fit_gaussian_mixture])
@pytest.mark.parametrize("scale", [1e-2, 1e2])
def test_separated_blobs_are_found_and_applied_to_other_points(fit, scale: float) -> None:
    x, y = make_blobs(300, n_features=3, centers=4, cluster_std=0.3, random_state=0)
    clusters = fit(scale * x[:200], scale * x[200:], 4, seed=0, starts=2)
    assert clusters.shape == (100,)
    assert cluster_scores(y[200:], clusters).accuracy == 1.0
    np.testing.assert_array_equal(
        clusters, fit(scale * x[:200], scale * x[200:], 4, seed=0, starts=2)
    )


def test_only_the_gaussian_mixture_sees_the_shape_of_clusters() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=600)
    x = rng.normal(size=(600, 2)) * [10.0, 0.2] + np.outer(y, [0.0, 3.0])
    mixture = fit_gaussian_mixture(x[:400], x[400:], 2, seed=0)
    assert cluster_scores(y[400:], mixture).accuracy == 1.0
    assert cluster_scores(y[400:], fit_kmeans(x[:400], x[400:], 2, seed=0)).accuracy < 0.7


def test_a_dead_code_does_no_harm() -> None:
    x, y = make_blobs(120, n_features=2, centers=2, cluster_std=0.3, random_state=0)
    x = np.column_stack([x, np.full(len(x), 3.0)])
    assert cluster_scores(y, fit_gaussian_mixture(x, x, 2, seed=0)).accuracy == 1.0
