"""The ladder variational autoencoder."""

from __future__ import annotations

import pytest
import torch
from gwae_baselines.ladder_vae import gaussian_kl, product
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from gwae_core import GaussianPosterior
from gwae_core.errors import ComponentError


def random_gaussian(seed: int, n: int = 5, d: int = 3) -> GaussianPosterior:
    generator = torch.Generator().manual_seed(seed)
    mean, log_variance = torch.randn(2, n, d, generator=generator, dtype=torch.float64)
    return GaussianPosterior(mean, log_variance)


def as_normal(posterior: GaussianPosterior) -> Normal:
    return Normal(posterior.mean, (0.5 * posterior.log_variance).exp())


def test_the_product_is_that_of_the_densities() -> None:
    a, b = random_gaussian(0, n=1, d=1), random_gaussian(1, n=1, d=1)
    grid = torch.linspace(-20, 20, 40_001, dtype=torch.float64)
    density = (as_normal(a).log_prob(grid) + as_normal(b).log_prob(grid)).exp().flatten()
    density /= density.sum()
    mean = (density * grid).sum()
    variance = (density * (grid - mean).square()).sum()
    found = product(a, b)
    assert found.mean.item() == pytest.approx(mean.item(), abs=1e-9)
    assert found.log_variance.exp().item() == pytest.approx(variance.item(), rel=1e-9)


def test_the_divergence_is_that_of_diagonal_gaussians() -> None:
    q, p = random_gaussian(0), random_gaussian(1)
    expected = kl_divergence(as_normal(q), as_normal(p)).sum(1)
    assert torch.allclose(gaussian_kl(q, p), expected, rtol=1e-12)


def test_one_level_is_the_vae(build, terms) -> None:
    mine, vae = terms(build({"type": "ladder-vae", "num_levels": 1})), terms(build("vae"))
    assert mine["divergence_1"].item() == pytest.approx(vae["divergence"].item(), rel=1e-12)
    assert mine["reconstruction"].item() == pytest.approx(vae["reconstruction"].item(), rel=1e-12)


def test_the_divergences_sum_to_that_of_the_whole_hierarchy(build, data) -> None:
    """E_q [log q(z_1, z_2, z_3 | x) - log p(z_1, z_2, z_3)], by samples, for a single point."""
    model = build({"type": "ladder-vae", "num_levels": 3})
    x = data[:1].double().expand(20_000, -1)
    with torch.no_grad():
        levels = model.infer(x, generator=torch.Generator().manual_seed(0))
        log_ratio: Tensor = torch.zeros(len(x), dtype=torch.float64)
        exact: Tensor = torch.zeros(len(x), dtype=torch.float64)
        for level in levels:
            log_ratio += as_normal(level.posterior).log_prob(level.z).sum(1)
            above = model.prior.log_prob(level.z)
            if level.prior is not None:
                above = as_normal(level.prior).log_prob(level.z).sum(1)
            log_ratio -= above
            exact += model._divergence(level)
    error = 4 * (log_ratio - exact).std().item() / len(x) ** 0.5
    assert log_ratio.mean().item() == pytest.approx(exact.mean().item(), abs=error)
    assert error < 0.1 * exact.mean().item()


def test_levels_above_are_in_the_posterior_and_codes_come_from_the_top(build, data) -> None:
    model = build({"type": "ladder-vae", "num_levels": 3})
    posterior = model.encode(data.double())
    assert posterior.levels is not None
    assert [level.mean.shape for level in posterior.levels] == [posterior.mean.shape] * 2
    first = model.sample_latent(4000, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in model.down[0].parameters():
            parameter.zero_()
    normal = model.sample_latent(4000, generator=torch.Generator().manual_seed(0))
    # a prior network of zeros makes p(z_1 | z_2) standard normal
    assert normal.mean(0).abs().max().item() < 0.06
    assert normal.std(0).sub(1).abs().max().item() < 0.05
    assert not torch.allclose(first, normal)


def test_codes_without_spread_are_refused(build, data) -> None:
    model = build("ladder-vae", posterior="deterministic")
    with pytest.raises(ComponentError, match="mean and log variance"):
        model.encode(data.double())
