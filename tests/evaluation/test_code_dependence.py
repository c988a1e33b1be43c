from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from gwae_core.evaluation import total_correlation, wasserstein_correlation

rng = np.random.default_rng(0)
Z = rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4))


def test_total_correlation_is_the_divergence_of_two_gaussians() -> None:
    s = np.cov(Z, rowvar=False)
    d = np.diag(np.diag(s))
    divergence = 0.5 * (
        np.trace(np.linalg.solve(d, s)) - 4 + np.log(np.linalg.det(d) / np.linalg.det(s))
    )
    assert total_correlation(Z) == pytest.approx(divergence, abs=1e-9)


def test_total_correlation_of_two_codes_is_their_mutual_information() -> None:
    r = np.corrcoef(Z[:, 0], Z[:, 1])[0, 1]
    assert total_correlation(Z[:, :2]) == pytest.approx(-0.5 * np.log(1 - r**2))


def test_wasserstein_correlation_is_the_distance_of_two_gaussians() -> None:
    s = np.cov(Z, rowvar=False)
    d = np.diag(np.diag(s))
    root = sqrtm(s)
    distance = np.trace(s + d - 2 * np.real(sqrtm(root @ d @ root)))
    assert wasserstein_correlation(Z) == pytest.approx(distance, abs=1e-9)


def test_uncorrelated_codes_have_none() -> None:
    white = np.linalg.qr(Z - Z.mean(axis=0))[0] * [1, 2, 3, 4]
    assert total_correlation(white) == pytest.approx(0.0, abs=1e-9)
    assert wasserstein_correlation(white) == pytest.approx(0.0, abs=1e-9)


def test_only_the_second_sees_the_scale() -> None:
    assert total_correlation(Z * [1, 10, 0.1, 5]) == pytest.approx(total_correlation(Z))
    assert wasserstein_correlation(3 * Z) == pytest.approx(9 * wasserstein_correlation(Z))


def test_a_constant_code_changes_neither_and_a_repeated_one_has_a_bound() -> None:
    dead = np.concatenate([Z, np.full((500, 1), 0.3)], axis=1)
    assert total_correlation(dead) == pytest.approx(total_correlation(Z))
    assert wasserstein_correlation(dead) == pytest.approx(wasserstein_correlation(Z))
    assert 10 < total_correlation(np.repeat(Z[:, :1], 2, axis=1)) < 14
