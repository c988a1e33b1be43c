"""The standard normal prior."""

from __future__ import annotations

import torch
from torch.distributions import Normal as Reference

from gwae_core.builtin.priors import Normal
from gwae_core.context import BuildContext
from gwae_core.posteriors import GaussianPosterior, StandardizedPosterior


def build(latent_dim: int) -> Normal:
    return Normal(Normal.Config(), BuildContext.for_shape((4,), latent_dim))


def test_samples_are_standard_normal() -> None:
    z = build(3).sample(100_000, generator=torch.Generator().manual_seed(0))
    assert z.shape == (100_000, 3)
    assert torch.allclose(z.mean(0), torch.zeros(3), atol=0.02)
    assert torch.allclose(torch.cov(z.T), torch.eye(3), atol=0.02)
    assert torch.allclose(z.pow(4).mean(0), torch.full((3,), 3.0), atol=0.1)


def test_log_prob_is_the_density() -> None:
    z = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(build(3).log_prob(z), Reference(0.0, 1.0).log_prob(z).sum(1))


def test_samples_follow_the_dtype_and_the_generator() -> None:
    prior = build(2).double()
    first, second = (prior.sample(5, generator=torch.Generator().manual_seed(4)) for _ in "ab")
    assert first.dtype == torch.float64
    assert torch.equal(first, second)


def test_the_divergence_of_standardised_posteriors_is_estimated_from_samples() -> None:
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(2, 3, 1, 2, generator=generator).double()
    mean, log_variance = (each.expand(3, 40_000, 2).reshape(-1, 2) for each in (mean, log_variance))
    shift, scale = torch.tensor([[1.0, -1.0], [2.0, 0.5]]).double()
    standardised = StandardizedPosterior(GaussianPosterior(mean, log_variance), shift, scale)
    same = GaussianPosterior((mean - shift) / scale, log_variance - 2 * scale.log())
    prior, z = build(2).double(), standardised.rsample(generator)
    sampled, exact = (prior.kl(each, z).reshape(3, -1).mean(1) for each in (standardised, same))
    assert torch.allclose(sampled, exact, atol=0.05)
    assert not torch.equal(sampled, exact)
