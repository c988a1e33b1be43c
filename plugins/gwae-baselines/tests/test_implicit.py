"""The encoder of an implicit posterior."""

from __future__ import annotations

import torch
from gwae_baselines import ImplicitEncoder

from gwae_core import BuildContext


def test_samples_differ_by_the_noise_alone() -> None:
    torch.manual_seed(0)
    x = torch.randn(50, 4)
    encoder = ImplicitEncoder(ImplicitEncoder.Config(hidden=(), noise_dim=2), _context(x))
    posterior = encoder(x)
    # a linear network: z - f(x, 0) = W_eps eps, with covariance W_eps W_eps^T at every x
    generator = torch.Generator().manual_seed(1)
    draws = torch.stack([posterior.rsample(generator) - posterior.mean for _ in range(400)])
    weights = encoder.network[-1].weight[:, 4:]
    found = torch.cov(draws.flatten(0, 1).T)
    assert torch.allclose(found, weights @ weights.T, atol=0.02)
    assert posterior.entropy() is None
    assert posterior.log_variance is None


def test_codes_have_full_precision_where_the_network_does_without() -> None:
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    posterior = ImplicitEncoder(ImplicitEncoder.Config(), _context(x))(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        codes = posterior.rsample(torch.Generator().manual_seed(1)), posterior.mean
        assert posterior.network(torch.zeros(1, 20)).dtype == torch.bfloat16
    assert [code.dtype for code in codes] == [torch.float32] * 2


def _context(x: torch.Tensor) -> BuildContext:
    return BuildContext.for_data(x, 3)
