"""The discriminator: it learns the logarithm of a density ratio."""

from __future__ import annotations

import math

import pytest
import torch
from gwae_baselines import Discriminator
from torch import Tensor
from torch.distributions import Normal

from gwae_core import BuildContext, Sample


def made(latent_dim: int = 2) -> Discriminator:
    torch.manual_seed(0)
    config = Discriminator.Config(hidden=(64, 64))
    return Discriminator(config, BuildContext.for_shape((4,), latent_dim))


def normal(n: int, seed: int, *, shift: float = 0.0) -> Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed)) + shift


def trained(steps: int = 250) -> Discriminator:
    """Trained to tell N(1, I) from N(0, I)."""
    model = made()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for step in range(steps):
        q, p = Sample(normal(256, 2 * step, shift=1.0)), Sample(normal(256, 2 * step + 1))
        optimizer.zero_grad()
        model.critic_losses(q, p)[0]["critic"].backward()
        optimizer.step()
    return model


def test_it_learns_the_log_density_ratio() -> None:
    """KL(N(1, I) | N(0, I)) = 1 in two dimensions, and the ratio is sum_d z_d - 1."""
    z = normal(4000, 12_345, shift=1.0)
    found = trained().score(Sample(z)).detach()
    ratio = (Normal(1.0, 1.0).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(1)
    assert found.mean().item() == pytest.approx(1.0, abs=0.1)
    assert (found - ratio).abs().mean() < 0.2


def test_the_loss_of_the_optimum_is_that_of_the_mixture() -> None:
    """E_q log(m / p) + E_p log(m / q), with the ratio known instead of learned."""

    class Known(Discriminator):
        def log_ratio(self, z: Tensor) -> Tensor:
            return z.sum(1) - 1

    torch.manual_seed(0)
    model = Known(Discriminator.Config(), BuildContext.for_shape((4,), 2))
    q, p = normal(200_000, 1, shift=1.0).double(), normal(200_000, 2).double()
    of_q, of_p = Normal(1.0, 1.0), Normal(0.0, 1.0)

    def log(density: Normal, z: Tensor) -> Tensor:
        return density.log_prob(z).sum(1)

    def log_m(z: Tensor) -> Tensor:
        return torch.logaddexp(log(of_q, z), log(of_p, z)) - math.log(2)

    expected = (log_m(q) - log(of_p, q)).mean() + (log_m(p) - log(of_q, p)).mean()
    assert model(Sample(q), Sample(p)).item() == pytest.approx(expected.item(), abs=1e-9)
    assert expected > 0


def test_an_ignorant_network_gives_a_chance_s_losses() -> None:
    model = made()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    q, p = Sample(normal(50, 1)), Sample(normal(30, 2))
    terms, observed = model.critic_losses(q, p)
    assert terms["critic"].item() == pytest.approx(2 * math.log(2))
    assert observed["critic_accuracy"].item() == pytest.approx(0.5)
    assert model(q, p).item() == pytest.approx(0, abs=1e-6)


def test_the_model_s_gradient_lowers_the_ratio_of_its_codes() -> None:
    model = trained(200)
    q = normal(400, 5, shift=1.0).requires_grad_()
    model(Sample(q), Sample(normal(400, 6))).backward()
    assert q.grad is not None
    moved = (q - 100 * q.grad).detach()
    assert model.score(Sample(moved)).mean() < model.score(Sample(q)).mean()
    # downhill is towards N(0, I)
    assert q.grad.mean() > 0


def test_the_model_s_loss_leaves_the_network_alone() -> None:
    model = made()
    q = normal(20, 1).requires_grad_()
    model(Sample(q), Sample(normal(20, 2))).backward()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_weights_count_like_copies() -> None:
    model = made()
    z, p = normal(3, 1), Sample(normal(5, 2))
    weighted = Sample(z, torch.tensor([0.5, 0.25, 0.25]))
    copies = Sample(z[[0, 0, 1, 2]])
    assert model(weighted, p).item() == pytest.approx(model(copies, p).item(), rel=1e-5)
    one, other = (model.critic_losses(q, p)[0]["critic"].item() for q in (weighted, copies))
    assert one == pytest.approx(other, rel=1e-5)
