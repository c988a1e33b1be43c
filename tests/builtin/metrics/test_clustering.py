from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from gwae_core.builtin.metrics import ClusteringMetric
from gwae_core.interfaces import Evaluated, MetricInput


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


def test_clusters_of_codes_are_found_and_the_raw_data_are_a_baseline() -> None:
    y = blobs()[2]
    metric = ClusteringMetric(ClusteringMetric.Config(starts=2))
    found = metric.compute(given(y[:160], y[160:]))
    for name in ("kmeans", "gaussian-mixture"):
        for score in ("accuracy", "nmi", "ari"):
            assert found[f"{name}.{score}"] == pytest.approx(1.0)
    assert found["pixel-kmeans.nmi"] < 0.2
    assert not any(name.startswith("prior.") for name in found)
    assert found == metric.compute(given(y[:160], y[160:]))


def test_training_labels_only_tell_the_number_of_clusters() -> None:
    y = blobs()[2]
    metric = ClusteringMetric(ClusteringMetric.Config(starts=2))
    shuffled = np.random.default_rng(0).permutation(y[:160])
    assert metric.compute(given(shuffled, y[160:])) == metric.compute(given(y[:160], y[160:]))


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
