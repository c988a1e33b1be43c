from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gwae_core.builtin.metrics import GeometryMetric
from gwae_core.interfaces import Evaluated, MetricInput

rng = np.random.default_rng(0)
x = rng.normal(size=(80, 1, 3, 2)).astype(np.float32)
flat = x.reshape(80, 6)


def compute(z: np.ndarray, **settings: object) -> dict[str, float]:
    config = {name: settings.pop(name) for name in ("points", "n_neighbors") if name in settings}
    points = Evaluated(x, z, x)
    metric = GeometryMetric(GeometryMetric.Config(**config))  # type: ignore[arg-type]
    given = MetricInput(model=None, train=points, test=points, **settings)  # type: ignore[arg-type]
    assert metric.applies(given)
    return dict(metric.compute(given))


def test_codes_that_are_the_data_keep_every_distance() -> None:
    found = compute(flat / 3)
    assert found == pytest.approx(
        {
            "euclidean.spearman": 1.0,
            "euclidean.pearson": 1.0,
            "euclidean.distortion": 0.0,
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
    found = metric.compute(MetricInput(model=None, train=points, test=points))  # type: ignore[arg-type]
    assert found["euclidean.continuity"] == 1.0


@pytest.mark.parametrize("data", [flat[:2], np.ones((9, 6))])
def test_two_points_or_equal_points_have_no_geometry(data: np.ndarray) -> None:
    points = Evaluated(data, data, data)
    metric = GeometryMetric(GeometryMetric.Config())
    assert not metric.applies(MetricInput(model=None, train=points, test=points))  # type: ignore[arg-type]
