from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import poly_mmd

from gwae_core.errors import DataError
from gwae_core.evaluation import enough_for_frechet, frechet_distance, kernel_distance

rng = np.random.default_rng(0)


def whitened(n: int, k: int) -> np.ndarray:
    """Points whose mean is exactly 0 and whose covariance is exactly the identity."""
    points = rng.normal(size=(n, k))
    points -= points.mean(axis=0)
    factor = np.linalg.cholesky(np.linalg.inv(np.cov(points, rowvar=False)))
    return np.asarray(points @ factor)


def test_the_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    a, b = whitened(50, 3), whitened(80, 3)
    scale, shift = np.array([2.0, 1.0, 0.5]), np.array([3.0, 0.0, 4.0])
    # commuting covariances: |m|^2 + sum (s - t)^2
    assert frechet_distance(a, b * scale + shift) == pytest.approx(25 + 1 + 0 + 0.25)


def test_the_frechet_distance_is_that_of_a_matrix_root() -> None:
    from scipy.linalg import sqrtm

    a, b = (rng.normal(size=(n, 4)) @ rng.normal(size=(4, 4)) for n in (60, 90))
    s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(s + t - 2 * sqrtm(s @ t).real)
    assert frechet_distance(a, b) == pytest.approx(expected)


def test_the_frechet_distance_is_symmetric_and_does_not_see_a_rotation() -> None:
    a, b = rng.normal(size=(60, 4)), 2 * rng.normal(size=(70, 4)) + 1
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    value = frechet_distance(a, b)
    assert frechet_distance(b, a) == pytest.approx(value)
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(value)
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * value)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)


def test_few_samples_make_a_finite_value_that_is_known_to_be_singular() -> None:
    a, b = rng.normal(size=(5, 20)), rng.normal(size=(500, 20))
    assert np.isfinite(frechet_distance(a, b))
    assert not enough_for_frechet(a, b)
    assert not enough_for_frechet(b, rng.normal(size=(20, 20)))
    assert enough_for_frechet(b, rng.normal(size=(21, 20)))


def test_the_kernel_distance_is_that_of_torchmetrics() -> None:
    a, b = rng.normal(size=(40, 6)), rng.normal(size=(40, 6)) + 0.5
    expected = float(poly_mmd(torch.from_numpy(a), torch.from_numpy(b)))
    assert kernel_distance(a, b) == pytest.approx(expected)


def test_the_kernel_distance_is_the_double_sum_for_unequal_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b = rng.normal(size=(9, 3)), rng.normal(size=(14, 3)) + 1

    def mean(x: np.ndarray, y: np.ndarray, *, same: bool) -> float:
        values = [
            (x[i] @ y[j] / 3 + 1) ** 3
            for i in range(len(x))
            for j in range(len(y))
            if not (same and i == j)
        ]
        return float(np.mean(values))

    expected = mean(a, a, same=True) + mean(b, b, same=True) - 2 * mean(a, b, same=False)
    assert kernel_distance(a, b) == pytest.approx(expected)
    monkeypatch.setattr("gwae_core.spaces.BLOCK_ENTRIES", 30)
    assert kernel_distance(a, b) == pytest.approx(expected)


def test_the_kernel_distance_of_one_distribution_is_zero_on_average() -> None:
    values = [
        kernel_distance(rng.normal(size=(30, 2)), rng.normal(size=(20, 2))) for _ in range(400)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0 < max(values)


@pytest.mark.parametrize("function", [frechet_distance, kernel_distance])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((5, 2)), np.zeros((5, 3)), "of one length"),
        (np.zeros((1, 2)), np.zeros((5, 2)), "at least two"),
        (np.zeros(5), np.zeros(5), "got \\(5,\\)"),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), "NaN"),
    ],
)
def test_what_cannot_be_compared_is_refused(function, x, y, message) -> None:
    with pytest.raises(DataError, match=message):
        function(x, y)
