"""The Gaussian likelihood with a learned variance."""

from __future__ import annotations

import pytest
import torch
from gwae_baselines import Gaussian
from torch import Tensor
from torch.distributions import Normal

from gwae_core import BuildContext

X = torch.randn(30, 4, generator=torch.Generator().manual_seed(0)).double()
PARAMS = X + 0.3 * torch.randn(30, 4, generator=torch.Generator().manual_seed(1)).double()


def made(x: Tensor = X, **values: float) -> Gaussian:
    return Gaussian(Gaussian.Config(**values), BuildContext.for_data(x.float(), 2)).double()


def rmse() -> Tensor:
    return (X - PARAMS).square().mean().sqrt()


def set_sigma(model: Gaussian, sigma: Tensor) -> None:
    with torch.no_grad():
        model.relative.add_((sigma.log() - model.log_sigma) / 10)


@pytest.mark.parametrize("sigma", [0.2, 1.7])
def test_the_loss_is_the_likelihood(sigma: float) -> None:
    model = made()
    set_sigma(model, torch.tensor(sigma).double())
    expected = -Normal(PARAMS, sigma).log_prob(X).sum(1)
    assert torch.allclose(model.loss(PARAMS, X), expected, rtol=1e-6)


def test_sigma_starts_at_the_scale_of_the_data() -> None:
    scale = X.var(0, correction=0).mean().sqrt()
    assert made().log_sigma.exp().item() == pytest.approx(scale.item())


def test_the_gradient_is_zero_at_the_root_mean_square_error() -> None:
    model = made()
    set_sigma(model, rmse())
    model.loss(PARAMS, X).mean().backward()
    assert model.relative.grad.item() == pytest.approx(0, abs=1e-6)


def test_sigma_reaches_the_root_mean_square_error_in_a_few_hundred_steps() -> None:
    model = made()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(400):
        optimizer.zero_grad()
        model.loss(PARAMS, X).mean().backward()
        optimizer.step()
    assert model.log_sigma.exp().item() == pytest.approx(rmse().item(), rel=0.01)


def test_sigma_has_a_floor() -> None:
    model = made(smallest=0.5)
    start = model.log_sigma.exp().item()
    set_sigma(model, torch.tensor(1e-6).double())
    assert model.log_sigma.exp().item() == pytest.approx(0.5 * start)


def test_the_unit_of_the_data_does_not_matter() -> None:
    """All losses shift by D times the logarithm of the unit."""
    one, other = made(), made(100 * X)
    gap = other.loss(100 * PARAMS, 100 * X) - one.loss(PARAMS, X)
    shift = 4 * torch.tensor(100.0).double().log()
    assert torch.allclose(gap, shift.expand(30), rtol=1e-5)
