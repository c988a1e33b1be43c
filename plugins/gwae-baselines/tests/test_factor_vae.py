"""The FactorVAE."""

from __future__ import annotations

import math

import pytest
import torch
from gwae_baselines.factor_vae import permuted
from torch import Tensor

from gwae_core import Batch

RHO = 0.8


def correlated(n: int, seed: int) -> Tensor:
    """Normal codes with correlation 0.8, whose total correlation is -1/2 log(1 - 0.8^2)."""
    z = torch.randn(n, 2, generator=torch.Generator().manual_seed(seed)).double()
    z[:, 1] = RHO * z[:, 0] + math.sqrt(1 - RHO**2) * z[:, 1]
    return z


def test_permuting_keeps_every_coordinate_s_values_and_no_dependence() -> None:
    z = correlated(5000, 0)
    shuffled = permuted(z, generator=torch.Generator().manual_seed(1))
    assert torch.equal(shuffled.sort(0).values, z.sort(0).values)
    assert abs(torch.corrcoef(z.T)[0, 1].item() - RHO) < 0.02
    assert abs(torch.corrcoef(shuffled.T)[0, 1].item()) < 0.04
    assert not torch.equal(shuffled[:, 0].argsort(), shuffled[:, 1].argsort())


def test_the_discriminator_finds_the_total_correlation_of_a_gaussian(build) -> None:
    model = build({"type": "factor-vae", "hidden": [64, 64], "total_correlation": 1}, latent_dim=2)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.discriminator.parameters(), 3e-3)
    for step in range(400):
        optimizer.zero_grad()
        z = correlated(512, step)
        q, p = model.compared(z, z, generator=generator)
        model.discriminator.critic_losses(q, p)[0]["critic"].backward()
        optimizer.step()
    with torch.no_grad():
        found = model.discriminator.log_ratio(correlated(4000, 12_345)).mean()
    assert found.item() == pytest.approx(-0.5 * math.log(1 - RHO**2), abs=0.1)


def test_without_weight_it_is_the_vae(build, terms) -> None:
    ours, vae = build({"type": "factor-vae", "total_correlation": 0}), build("vae")
    vae.load_state_dict(ours.state_dict(), strict=False)
    expected = terms(vae)
    found = terms(ours)
    assert found["total_correlation"].item() == 0
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item())


def test_the_weight_weighs_the_mean_log_ratio_of_codes(build, data) -> None:
    model = build({"type": "factor-vae", "total_correlation": 7})
    x = data.double()
    generator = torch.Generator().manual_seed(3)
    z = model.encode(x).rsample(torch.Generator().manual_seed(3))
    found = model.losses("main", Batch(x), generator=generator).terms["total_correlation"]
    assert found.item() == pytest.approx(7 * model.discriminator.log_ratio(z).mean().item())


def test_the_critic_s_loss_reaches_the_discriminator_alone(build, data) -> None:
    model = build("factor-vae")
    generator = torch.Generator().manual_seed(0)
    model.losses("critic", Batch(data.double()), generator=generator).total.backward()
    reached = {name for name, p in model.named_parameters() if p.grad is not None}
    assert reached
    assert all(name.startswith("discriminator.") for name in reached)
    assert model.adversarial_terms == {"total_correlation"}
