"""The VAE with a VampPrior: the density of the prior, its limit, and two planted faults."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from gwae_core import GaussianPosterior

Z = 2 * torch.randn(200, 3, generator=torch.Generator().manual_seed(0)).double()


def check_density(prior: Any, log_prob: Tensor) -> None:
    """Log densities at Z are those of torch's mixture of the posteriors at the pseudo-inputs."""
    with torch.no_grad():
        components = prior.components()
        parts = Independent(Normal(components.mean, (0.5 * components.log_variance).exp()), 1)
        weights = torch.ones(len(components.mean)).double()
        expected = MixtureSameFamily(Categorical(weights), parts).log_prob(Z)
    assert torch.allclose(log_prob, expected, rtol=1e-9)


def vamp(build: Any, components: int) -> Any:
    return build("vae", prior={"type": "vamp", "num_components": components})


def coordinates(components: GaussianPosterior, power: int) -> Tensor:
    """Log densities of each coordinate, (n, K, d), with |z - mean| to a power."""
    gap = (Z[:, None] - components.mean).abs() ** power / components.log_variance.exp()
    return -0.5 * (gap + components.log_variance + math.log(2 * math.pi))


def without_square(components: GaussianPosterior) -> Tensor:
    """A published fault: the exponent lacks the square."""
    k = len(components.mean)
    return coordinates(components, 1).sum(2).logsumexp(1) - math.log(k)


def mixed_per_dimension(components: GaussianPosterior) -> Tensor:
    """A published fault: a mixture in each dimension for itself."""
    k = len(components.mean)
    return (coordinates(components, 2).logsumexp(1) - math.log(k)).sum(1)


@pytest.mark.parametrize("components", [1, 2, 7])
def test_the_density_is_that_of_the_mixture(build, components: int) -> None:
    prior = vamp(build, components).prior
    check_density(prior, prior.log_prob(Z).detach())


@pytest.mark.parametrize("fault", [without_square, mixed_per_dimension])
def test_a_faulty_density_is_caught(build, fault) -> None:
    prior = vamp(build, 7).prior
    with torch.no_grad(), pytest.raises(AssertionError):
        check_density(prior, fault(prior.components()))


def test_with_one_pseudo_input_the_divergence_is_that_of_two_gaussians(build, data) -> None:
    model = vamp(build, 1)
    x = data.double()
    with torch.no_grad():
        q, p = model.encode(x), model.prior.components()
        exact = kl_divergence(
            Normal(q.mean, (0.5 * q.log_variance).exp()),
            Normal(p.mean, (0.5 * p.log_variance).exp()),
        ).sum(1)
        generator = torch.Generator().manual_seed(0)
        draws = [model.prior.kl(q, q.rsample(generator)) for _ in range(1500)]
        found = torch.stack(draws).mean(0)
    assert torch.allclose(found, exact, atol=0.15)
    assert found.mean().item() == pytest.approx(exact.mean().item(), abs=0.02)
