from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gwae_core.errors import SpaceError
from gwae_core.evaluation import distance_correlation

rng = np.random.default_rng(0)
x = rng.normal(size=(40, 3))


def of(a: np.ndarray, b: np.ndarray) -> float:
    return distance_correlation(cdist(a, a), cdist(b, b))


def test_it_is_the_definition_by_sums_over_pairs() -> None:
    z = x[:, :2] ** 2
    d, e = cdist(x, x), cdist(z, z)
    n = len(d)
    a, b = (
        np.array(
            [
                [m[i, j] - m[i].mean() - m[:, j].mean() + m.mean() for j in range(n)]
                for i in range(n)
            ]
        )
        for m in (d, e)
    )
    expected = np.sqrt((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))
    assert of(x, z) == pytest.approx(expected)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_for_gaussians_it_is_the_closed_form(rho: float) -> None:
    a = rng.normal(size=(1500, 1))
    b = rho * a + np.sqrt(1 - rho**2) * rng.normal(size=a.shape)
    square = (
        rho * np.arcsin(rho)
        + np.sqrt(1 - rho**2)
        - rho * np.arcsin(rho / 2)
        - np.sqrt(4 - rho**2)
        + 1
    ) / (1 + np.pi / 3 - np.sqrt(3))
    assert of(a, b) == pytest.approx(np.sqrt(square), abs=0.07)


def test_a_similarity_is_one_and_symmetry_holds() -> None:
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert of(x, 5 * x @ turn + 2) == pytest.approx(1.0)
    z = np.abs(x[:, :1])
    assert of(x, z) == pytest.approx(of(z, x))


def test_it_sees_dependence_that_a_correlation_does_not() -> None:
    a = np.linspace(-1, 1, 201)[:, None]
    assert abs(np.corrcoef(a[:, 0], a[:, 0] ** 2)[0, 1]) < 1e-12
    assert of(a, a**2) > 0.45


def test_collapsed_codes_have_zero_and_other_shapes_are_refused() -> None:
    assert of(x, np.zeros((40, 2))) == 0.0
    with pytest.raises(SpaceError, match=r"got \(40, 40\), \(39, 39\)"):
        of(x, x[:39])
