"""The discriminator of pairs: its optimum is known where the distributions are."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from gwae_baselines import PairDiscriminator
from torch import Tensor
from torch.distributions import Normal

from gwae_core import BuildContext, Sample
from gwae_core.errors import ComponentError

Q, P = Normal(0.0, 1.0), Normal(1.0, 1.5)


class Optimal(PairDiscriminator):
    """Its logit is the true ratio of the densities of codes."""

    def _logits(self, u: Tensor, v: Tensor) -> Tensor:
        return (Q.log_prob(v) - P.log_prob(v)).sum(1)


def make(kind: type[PairDiscriminator] = PairDiscriminator, **values) -> PairDiscriminator:
    torch.manual_seed(0)
    values = {"hidden": (16,), **values}
    return kind(kind.Config(**values), BuildContext.for_shape((2,), 1))


def samples(n: int, *, seed: int = 0) -> tuple[Sample, Sample]:
    """Codes of both distributions, with data that tell nothing."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(2, n, 1, generator=generator)
    x = torch.randn(2, n, 2, generator=generator)
    return Sample(z[0], x=x[0]), Sample(1 + 1.5 * z[1], x=x[1])


def integral(of) -> float:
    grid = torch.linspace(-12, 14, 200_001, dtype=torch.float64)
    q, p = Q.log_prob(grid).exp(), P.log_prob(grid).exp()
    return float(np.trapezoid(of(q, p).nan_to_num().numpy(), grid.numpy()))


def test_at_the_optimum_its_loss_is_the_jensen_shannon_divergence() -> None:
    q, p = samples(200_000)
    terms, observed = make(Optimal).critic_losses(q, p)
    jsd = integral(lambda q, p: (q * (2 * q / (q + p)).log() + p * (2 * p / (q + p)).log()) / 2)
    assert terms["critic"].item() == pytest.approx(2 * math.log(2) - 2 * jsd, abs=4e-3)
    right = integral(lambda q, p: torch.maximum(q, p)) / 2
    assert observed["critic_accuracy"].item() == pytest.approx(right, abs=4e-3)


def test_at_the_optimum_the_models_loss_is_twice_a_divergence_too() -> None:
    """E_q log((q + p) / 2p) + E_p log((q + p) / 2q): zero at q = p, else positive."""
    q, p = samples(200_000)
    expected = integral(lambda q, p: q * ((q + p) / (2 * p)).log() + p * ((q + p) / (2 * q)).log())
    assert expected > 0.1
    assert make(Optimal)(q, p).item() == pytest.approx(expected, abs=1e-2)
    network = make()
    with torch.no_grad():
        for parameter in network.last[-2].parameters():
            parameter.zero_()
    assert network(*samples(100)).item() == pytest.approx(0, abs=1e-6)


def test_it_learns_the_ratio_of_the_densities() -> None:
    network = make()
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    for seed in range(250):
        optimizer.zero_grad()
        network.critic_losses(*samples(1000, seed=seed))[0]["critic"].backward()
        optimizer.step()
    q, _ = samples(4000, seed=1000)
    found = network.score(q)
    exact = (Q.log_prob(q.z) - P.log_prob(q.z)).sum(1)
    assert found.mean().item() == pytest.approx(exact.mean().item(), abs=0.06)
    assert (found - exact).square().mean().sqrt().item() < 0.2


def test_the_gradient_penalty_is_that_of_finite_differences() -> None:
    network = make(gradient_penalty=3.0).double()
    q, p = (Sample(s.z.double(), x=s.x.double()) for s in samples(6))
    step, squares = 1e-6, torch.zeros(6, dtype=torch.float64)
    for k in range(3):
        shift = step * torch.eye(3, dtype=torch.float64)[k]
        high = network.score(Sample(q.z + shift[2:], x=q.x + shift[:2]))
        squares += ((high - network.score(q)) / step).square()
    found = network.critic_losses(q, p)[0]["gradient_penalty"].item()
    assert found == pytest.approx(1.5 * squares.mean().item(), rel=1e-4)


def test_features_are_those_of_the_branch_for_data() -> None:
    network = make(hidden=(16, 8), sees="data")
    q, _ = samples(4)
    x = q.x.requires_grad_()
    hidden = torch.nn.functional.leaky_relu(network.of_x[0](x), 0.2)
    assert torch.equal(network.features(x, layer=0), hidden)
    assert network.features(x, layer=1).shape == (4, 8)
    network.features(x, layer=1).sum().backward()
    assert x.grad is not None
    assert all(parameter.grad is None for parameter in network.parameters())
    with pytest.raises(ComponentError, match="no hidden layer 2"):
        network.features(x, layer=2)


def test_what_it_sees_is_what_its_logit_depends_on() -> None:
    q, p = samples(8)
    changed = Sample(p.z, x=q.x)
    assert not torch.allclose(make().score(q), make().score(changed))
    of_data = make(sees="data")
    assert torch.equal(of_data.score(q), of_data.score(changed))
    with pytest.raises(ComponentError, match="compares pairs"):
        make().score(Sample(q.z))
