import pytest
import torch
from gwae_gaussian import Gaussian, spectrum

from gwae_core import MMSpace, distance
from gwae_core.testing import parametrize_with_checks

test_conformance = parametrize_with_checks([Gaussian.Config()])


def normal(n: int, scales: list[float], *, seed: int = 0) -> torch.Tensor:
    """Points (n, p) whose mean is 0 and whose covariance is diag(scales)^2, both exactly."""
    generator = torch.Generator().manual_seed(seed)
    eps = torch.randn(n, len(scales), generator=generator, dtype=torch.float64)
    eps = eps - eps.mean(0)
    whitened = eps @ torch.linalg.inv(torch.linalg.cholesky(eps.T @ eps / n)).T
    return whitened * torch.tensor(scales, dtype=torch.float64)


def value(x: torch.Tensor, z: torch.Tensor, estimator: object, **options: object) -> float:
    return float(distance(x, z, estimator=estimator, cost="sqeuclidean", **options).value)


def test_the_value_of_one_dimension_against_none_is_known():
    # E |x - x'|^4 = 12 s^4 for x ~ N(0, s^2)
    x, point = normal(50, [1.5]), torch.zeros(1, 1, dtype=torch.float64)
    assert value(x, point, Gaussian.Config()) == pytest.approx(12 * 1.5**4)


def test_the_spectrum_is_that_of_the_weighted_covariance():
    x = normal(40, [2.0, 1.0, 0.5])
    assert spectrum(MMSpace(x)).tolist() == pytest.approx([4.0, 1.0, 0.25])
    weights = torch.rand(40, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = torch.cov(x.T, correction=0, aweights=weights)
    found = spectrum(MMSpace(x, weights=weights))
    assert found.flip(0).tolist() == pytest.approx(torch.linalg.eigvalsh(expected).tolist())


@pytest.mark.parametrize("scales", [([1.0, 0.5], [0.8]), ([1.0, 0.7, 0.2], [1.2, 0.4])])
def test_it_is_the_distortion_of_the_coupling_that_attains_it(scales):
    a, b = scales
    x = normal(4000, a)
    z = x[:, : len(b)] * torch.tensor(b).double() / torch.tensor(a[: len(b)]).double()
    # The sample's fourth moments differ from the Gaussian's by some per cent.
    assert value(x, z, Gaussian.Config()) == pytest.approx(value(x, z, "paired"), rel=0.1)


def test_no_gaussian_coupling_is_better():
    a, b = torch.tensor([1.0, 0.7, 0.2]).double(), torch.tensor([1.2, 0.4]).double()
    least = value(normal(9, a.tolist()), normal(9, b.tolist()), Gaussian.Config())
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        noise = torch.randn(3, 2, generator=generator, dtype=torch.float64)
        c = torch.linalg.qr(noise).Q  # the covariance of whitened x and z: of norm at most 1
        k = a[:, None] * c * b  # (3, 2)
        traces, squares = a.square().sum() - b.square().sum(), a.pow(4).sum() + b.pow(4).sum()
        # E (|u|^2 - |v|^2)^2 of u = x - x', v = z - z', by the fourth moments of a Gaussian
        assert least <= 4 * traces**2 + 8 * squares - 16 * k.square().sum() + 1e-9


def test_in_one_dimension_the_general_solver_agrees():
    x, z = normal(1000, [1.0]), normal(1000, [0.8], seed=1)
    assert value(x, z, "exact") == pytest.approx(value(x, z, Gaussian.Config()), rel=0.1)


def test_other_couplings_may_be_better():
    x, z = normal(400, [1.0, 0.7, 0.2]), normal(400, [1.2, 0.4], seed=1)
    assert value(x, z, "exact") < 0.95 * value(x, z, Gaussian.Config())
