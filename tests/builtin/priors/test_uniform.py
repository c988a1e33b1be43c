"""The uniform prior on a cube of unit variance."""

from __future__ import annotations

import math

import torch
from scipy.stats import kstest

from gwae_core.builtin.priors import Uniform
from gwae_core.context import BuildContext


def build(latent_dim: int) -> Uniform:
    return Uniform(Uniform.Config(), BuildContext.for_shape((4,), latent_dim))


def test_samples_are_uniform_with_unit_variance() -> None:
    z = build(2).double().sample(20_000, generator=torch.Generator().manual_seed(0))
    a = math.sqrt(3)
    assert all(kstest(z[:, d], "uniform", args=(-a, 2 * a)).pvalue > 0.01 for d in range(2))
    assert torch.allclose(torch.cov(z.T), torch.eye(2, dtype=z.dtype), atol=0.02)


def test_the_density_is_one_over_the_volume_inside_and_zero_outside() -> None:
    z = torch.tensor([[0.0, 1.7], [1.74, 0.0], [-1.73, -1.73]])
    inside = -2 * math.log(2 * math.sqrt(3))
    assert torch.allclose(build(2).log_prob(z), torch.tensor([inside, -math.inf, inside]))


def test_samples_follow_the_generator() -> None:
    first, second = (build(2).sample(5, generator=torch.Generator().manual_seed(4)) for _ in "ab")
    assert torch.equal(first, second)
