from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from gwae_core.builtin.metrics import ClusteringMetric
from gwae_core.interfaces import Evaluated, Interval, Measured, MetricInput


class NoPrior:
    def named_children(self) -> list[Any]:
        return []


def blobs(n: int = 240, classes: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    z, y = make_blobs(n, n_features=2, centers=classes, cluster_std=0.3, random_state=1)
    x = np.random.default_rng(0).normal(size=(n, 4))  # data that hide the clusters of the codes
    return x, z, y


def given(y_train: np.ndarray | None, y_test: np.ndarray | None, seed: int = 0) -> MetricInput:
    x, z, _ = blobs()
    return MetricInput(
        model=NoPrior(),  # type: ignore[arg-type]
        train=Evaluated(x[:160], z[:160], x[:160], y_train),
        test=Evaluated(x[160:], z[160:], x[160:], y_test),
        seed=seed,
    )


def same(one: Mapping[str, Measured], other: Mapping[str, Measured]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def test_clusters_of_codes_are_found_and_the_raw_data_are_a_baseline() -> None:
    y = blobs()[2]
    metric = ClusteringMetric(ClusteringMetric.Config(starts=2))
    found = metric.compute(given(y[:160], y[160:]))
    for name in ("kmeans", "gaussian-mixture"):
        for score in ("accuracy", "nmi", "ari"):
            assert found[f"{name}.{score}"] == pytest.approx(1.0)
    assert found["pixel-kmeans.nmi"] < 0.2
    assert not any(name.startswith("prior.") for name in found)
    assert same(found, metric.compute(given(y[:160], y[160:])))


def test_training_labels_only_tell_the_number_of_clusters() -> None:
    y = blobs()[2]
    metric = ClusteringMetric(ClusteringMetric.Config(starts=2))
    shuffled = np.random.default_rng(0).permutation(y[:160])
    assert same(metric.compute(given(shuffled, y[160:])), metric.compute(given(y[:160], y[160:])))


@pytest.mark.parametrize("labels", ["none", "only train", "one class"])
def test_without_labels_of_two_classes_it_does_not_apply(labels: str) -> None:
    y = blobs()[2]
    metric = ClusteringMetric(ClusteringMetric.Config())
    train, test = {
        "none": (None, None),
        "only train": (y[:160], None),
        "one class": (np.zeros(160, int), np.zeros(80, int)),
    }[labels]
    assert not metric.applies(given(train, test))
    assert metric.applies(given(y[:160], y[160:]))


def test_the_curve_over_k_finds_the_number_of_clusters() -> None:
    y = blobs()[2]
    metric = ClusteringMetric(ClusteringMetric.Config(starts=2, k_max=6))
    found = metric.compute(given(y[:160], y[160:]))
    curve = found["k_curve"]
    assert isinstance(curve, np.ndarray) and curve.shape == (3, 5)
    np.testing.assert_array_equal(curve[0], [2, 3, 4, 5, 6])
    for row, name in ((1, "silhouette"), (2, "calinski_harabasz")):
        assert found[f"{name}.best_k"] == 3
        assert found[f"{name}.best"] == curve[row].max()


def test_intervals_are_of_resampled_points_with_the_clusters_as_they_are() -> None:
    y = blobs()[2].copy()
    y[::7] = (y[::7] + 1) % 3  # labels that no clustering can find
    plain = ClusteringMetric(ClusteringMetric.Config(starts=2)).compute(given(y[:160], y[160:]))
    metric = ClusteringMetric(ClusteringMetric.Config(starts=2, bootstrap=300))
    found = metric.compute(given(y[:160], y[160:]))
    for name in ("kmeans.accuracy", "pixel-kmeans.nmi", "gaussian-mixture.ari"):
        interval = found[name]
        assert isinstance(interval, Interval)
        assert interval.value == pytest.approx(plain[name])
        assert interval.low < interval.high
    assert isinstance(found["silhouette.best"], float)


def test_the_range_of_k_is_in_order() -> None:
    with pytest.raises(ValueError, match=r"k_min \(5\) must not be above k_max \(4\)"):
        ClusteringMetric.Config(k_min=5, k_max=4)
