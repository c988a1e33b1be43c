from __future__ import annotations

import numpy as np
import pytest

from gwae_core.evaluation import is_unit_image, mean_squared_error, psnr, relative_squared_error


def test_squared_error_is_the_mean_over_points_and_dimensions() -> None:
    x = np.zeros((2, 1, 2, 2))
    x_hat = x + np.array([0.1, 0.3]).reshape(2, 1, 1, 1)
    assert mean_squared_error(x, x_hat) == pytest.approx((0.01 + 0.09) / 2)


def test_psnr_is_the_mean_over_images_and_not_of_the_mean_error() -> None:
    x = np.zeros((2, 1, 2, 2))
    x_hat = x + np.array([0.1, 0.01]).reshape(2, 1, 1, 1)
    assert psnr(x, x_hat) == pytest.approx((20 + 40) / 2)


def test_an_exact_image_counts_for_a_hundred_decibel() -> None:
    x = np.full((3, 1, 2, 2), 0.5)
    assert psnr(x, x) == pytest.approx(100.0)


def test_the_mean_of_the_data_has_relative_error_one() -> None:
    x = np.random.default_rng(0).normal(2.0, [1.0, 5.0, 0.1], size=(50, 3))
    mean = np.broadcast_to(x.mean(axis=0), x.shape)
    assert relative_squared_error(x, mean) == pytest.approx(1.0)
    assert relative_squared_error(x, x) == 0.0
    half = (x + mean) / 2
    assert relative_squared_error(x, half) == pytest.approx(0.25)
    assert relative_squared_error(7 * x, 7 * half) == pytest.approx(0.25)


def test_constant_data_have_no_variance_to_explain() -> None:
    x = np.ones((4, 3))
    assert relative_squared_error(x, x) == 0.0
    assert relative_squared_error(x, x + 1) == 1.0


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (np.full((2, 1, 4, 4), 1.0), True),
        (np.full((2, 3, 4, 4), 0.0), True),
        (np.full((2, 1, 4, 4), 1.5), False),
        (np.full((2, 1, 4, 4), -0.1), False),
        (np.full((2, 16), 0.5), False),
        (np.empty((0, 1, 4, 4)), False),
    ],
)
def test_only_images_in_the_unit_interval_have_a_psnr(x: np.ndarray, expected: bool) -> None:
    assert is_unit_image(x) is expected
