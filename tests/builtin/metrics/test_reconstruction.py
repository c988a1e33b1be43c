from __future__ import annotations

import numpy as np
import pytest

from gwae_core.builtin.metrics import ReconstructionMetric
from gwae_core.evaluation import relative_squared_error
from gwae_core.interfaces import Evaluated, Interval, Measured, MetricInput


def compute(x: np.ndarray, x_hat: np.ndarray, **fields: int) -> dict[str, Measured]:
    spoiled = Evaluated(x=x + 1, z=np.zeros((len(x), 2)), x_hat=-x)  # training data do not count
    test = Evaluated(x=x, z=np.zeros((len(x), 2)), x_hat=x_hat)
    metric = ReconstructionMetric(ReconstructionMetric.Config(**fields))
    return dict(metric.compute(MetricInput(model=None, train=spoiled, test=test)))  # type: ignore[arg-type]


def test_images_in_the_unit_interval_have_all_four_values() -> None:
    x = np.tile(np.array([0.0, 1.0]).reshape(2, 1, 1, 1), (1, 1, 12, 12))
    found = compute(x, np.full_like(x, 0.5))
    assert found.pop("ssim") == pytest.approx((1e-4 / (0.25 + 1e-4) + 1.0001 / 1.2501) / 2)
    assert found == pytest.approx({"mse": 0.25, "relative_mse": 1.0, "psnr": -10 * np.log10(0.25)})


def test_the_window_of_small_images_is_in_the_name() -> None:
    x = np.random.default_rng(0).random((4, 3, 8, 8))
    assert compute(x, x)["window-7.ssim"] == pytest.approx(1.0)


def test_tables_and_images_of_another_range_have_squared_errors_alone() -> None:
    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert compute(x, x) == {"mse": 0.0, "relative_mse": 0.0}
    assert compute(2 * x.reshape(2, 1, 2, 1), x.reshape(2, 1, 2, 1)).keys() == {
        "mse",
        "relative_mse",
    }


def test_intervals_lie_about_the_same_values() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((60, 1, 8, 8))
    x_hat = np.clip(x + 0.1 * rng.normal(size=x.shape) * rng.random((60, 1, 1, 1)), 0, 1)
    plain, found = compute(x, x_hat), compute(x, x_hat, bootstrap=500)
    assert plain.keys() == found.keys()
    for name, interval in found.items():
        assert isinstance(interval, Interval)
        assert interval.value == pytest.approx(plain[name])
        assert interval.low < interval.value < interval.high


def test_the_interval_of_the_ratio_is_that_of_resampled_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    x_hat = x + 0.5 * rng.normal(size=x.shape) * rng.random((40, 1))
    draws = [rng.integers(0, 40, 40) for _ in range(4000)]
    values = [relative_squared_error(x[rows], x_hat[rows]) for rows in draws]
    found = compute(x, x_hat, bootstrap=4000)["relative_mse"]
    assert isinstance(found, Interval)
    np.testing.assert_allclose(
        [found.low, found.high], np.quantile(values, [0.025, 0.975]), atol=0.006
    )


def test_constant_data_have_no_interval_of_the_ratio() -> None:
    x = np.ones((4, 3))
    assert compute(x, x + 1, bootstrap=10)["relative_mse"] == 1.0
