from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from gwae_core.builtin.metrics import GeometryMetric
from gwae_core.interfaces import Evaluated, MetricInput

rng = np.random.default_rng(0)


class Gaussian(torch.nn.Module):
    """A model of which nothing but a standard normal prior is known."""

    dimensions = 6

    def sample_latent(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return torch.randn(n, self.dimensions, generator=generator)


def given(points: Evaluated, **settings: Any) -> MetricInput:
    model = Gaussian()
    model.dimensions = points.z.shape[1]
    return MetricInput(model, points, points, **settings)  # type: ignore[arg-type]


x = rng.normal(size=(80, 1, 3, 2)).astype(np.float32)
flat = x.reshape(80, 6)


def compute(z: np.ndarray, **settings: Any) -> dict[str, float]:
    fields = GeometryMetric.Config.model_fields
    config = {name: settings.pop(name) for name in fields if name in settings}
    data = given(Evaluated(x, z, x), **settings)
    metric = GeometryMetric(GeometryMetric.Config(**config))
    assert metric.applies(data)
    return dict(metric.compute(data))


def test_codes_that_are_the_data_keep_every_distance() -> None:
    found = compute(flat / 3)
    assert not any(name.endswith(".gw") for name in found)
    found = {name: value for name, value in found.items() if not name.startswith("prior.")}
    assert found == pytest.approx(
        {
            "euclidean.spearman": 1.0,
            "euclidean.pearson": 1.0,
            "euclidean.distance_correlation": 1.0,
            "euclidean.distortion": 0.0,
            "euclidean.local_distortion": 0.0,
            "euclidean.global_distortion": 0.0,
            "euclidean.trustworthiness": 1.0,
            "euclidean.continuity": 1.0,
        },
        abs=1e-5,
    )


def test_the_data_metric_is_reported_beside_the_euclidean_one() -> None:
    d_x = cdist(flat[:, :1], flat[:, :1]).astype(np.float32)
    found = compute(flat[:, :1], d_x=d_x, d_x_name="geodesic")
    assert found["geodesic.spearman"] == pytest.approx(1.0)
    assert found["geodesic.trustworthiness"] == pytest.approx(1.0)
    assert found["euclidean.spearman"] < 0.9


def test_a_subset_takes_the_same_rows_of_data_codes_and_distances() -> None:
    d_x = cdist(flat, flat).astype(np.float32)
    found = compute(flat, d_x=d_x, d_x_name="given", points=30, seed=5)
    assert found["given.distortion"] == pytest.approx(0.0, abs=1e-5)
    assert found["euclidean.distortion"] == pytest.approx(0.0, abs=1e-5)
    noisy = flat + rng.normal(size=flat.shape)
    assert compute(noisy, points=30, seed=5) != compute(noisy, points=30, seed=6)
    assert compute(noisy, points=30, seed=5) == compute(noisy, points=30, seed=5)


def test_three_points_are_enough() -> None:
    points = Evaluated(flat[:3], flat[:3], flat[:3])
    metric = GeometryMetric(GeometryMetric.Config())
    found = metric.compute(given(points))
    assert found["euclidean.continuity"] == 1.0


@pytest.mark.parametrize("data", [flat[:2], np.ones((9, 6))])
def test_two_points_or_equal_points_have_no_geometry(data: np.ndarray) -> None:
    points = Evaluated(data, data, data)
    metric = GeometryMetric(GeometryMetric.Config())
    assert not metric.applies(given(points))


def test_codes_of_the_prior_are_at_the_floor_and_others_above() -> None:
    z = rng.normal(size=(80, 6))
    right, wide = compute(z), compute(4 * z)
    assert right["prior.sliced_wasserstein"] < 2 * right["prior.sampling_floor"]
    assert wide["prior.sliced_wasserstein"] > 8 * wide["prior.sampling_floor"]


def test_the_gw_value_of_a_similarity_is_zero_and_of_collapsed_codes_the_second_moment() -> None:
    estimators = ["exact", "paired", "lower-bound", "sliced"]
    found = compute(flat[:, [1, 0, 2, 3, 4, 5]] / 3, estimators=["exact", "paired", "lower-bound"])
    for name in ("exact", "paired", "lower-bound"):
        assert found[f"euclidean.{name}.gw"] == pytest.approx(0.0, abs=1e-6)
    found = compute(np.zeros((80, 6)), estimators=estimators, gw_points=40)
    assert found["sqeuclidean.sliced.gw"] > 0
    rows = compute(np.zeros((80, 6)), estimators=["paired"], gw_points=80)
    d_x = cdist(flat, flat)
    expected = np.square(d_x).mean() / d_x.mean() ** 2
    assert rows["euclidean.paired.gw"] == pytest.approx(expected)


def test_the_gw_value_of_paired_points_is_their_squared_distortion() -> None:
    z = flat[:, :2].astype(np.float64)
    d_x, d_z = cdist(flat, flat), cdist(z, z)
    slope = (d_x * d_z).sum() / np.square(d_z).sum()
    found = compute(z, estimators=["paired", "exact"])
    expected = np.square(slope * d_z - d_x).mean() / d_x.mean() ** 2
    assert found["euclidean.paired.gw"] == pytest.approx(expected, rel=1e-5)
    assert found["euclidean.exact.gw"] <= found["euclidean.paired.gw"] + 1e-9
    scaled = compute(100 * z, estimators=["paired"])
    assert scaled["euclidean.paired.gw"] == pytest.approx(expected, rel=1e-5)


def test_the_gw_value_is_of_each_metric_of_the_data() -> None:
    d_x = cdist(flat[:, :1], flat[:, :1]).astype(np.float32)
    found = compute(
        flat[:, :1], d_x=d_x, d_x_name="geodesic", estimators=["paired", "sliced"], gw_points=30
    )
    assert found["geodesic.paired.gw"] == pytest.approx(0.0, abs=1e-6)
    assert found["euclidean.paired.gw"] > 0.01
    assert {name for name in found if "sliced.gw" in name} == {"sqeuclidean.sliced.gw"}


def test_an_estimator_is_listed_once() -> None:
    with pytest.raises(ValueError, match="'exact' is listed twice"):
        GeometryMetric.Config(estimators=("exact", {"type": "exact", "num_starts": 2}))
