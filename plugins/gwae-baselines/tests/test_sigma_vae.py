"""The sigma-VAE: its likelihood against torch's normal, its optimal sigma, and a planted fault."""

from __future__ import annotations

import math

import pytest
import torch
from gwae_baselines import SigmaVAE
from torch import Tensor
from torch.distributions import Normal

from gwae_core import Batch
from gwae_core.errors import ComponentError


def pairs(data: Tensor, *, noise: float = 0.3) -> tuple[Tensor, Tensor]:
    """Data x, and what a decoder might make of them."""
    x = data.double()
    return x, x + noise * torch.randn(x.shape, generator=torch.Generator().manual_seed(1)).double()


def check_likelihood(
    model: SigmaVAE, params: Tensor, x: Tensor, sigma: Tensor | float, *, tolerance: float = 1e-9
) -> None:
    """The reconstruction is the negative log likelihood of a normal of standard deviation sigma."""
    expected = -Normal(params, sigma).log_prob(x).sum(1).mean()
    found = model.reconstruction_loss(params, x)
    assert math.isclose(found.item(), expected.item(), rel_tol=tolerance)


class NeverUsesSigma(SigmaVAE):
    """The fault of a published comparison: sigma is computed, and the loss is that of sigma = 1."""

    def reconstruction_loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Half the squared error."""
        self.log_scale((x - params).square())
        return 0.5 * (x - params).square().sum(1).mean()


def test_the_loss_is_the_likelihood_at_the_root_mean_square_error(build, data) -> None:
    x, params = pairs(data)
    rmse = (x - params).square().mean().sqrt()
    check_likelihood(build("sigma-vae"), params, x, rmse)


def test_a_sigma_that_is_never_used_is_caught(build, data) -> None:
    model = build("sigma-vae")
    model.__class__ = NeverUsesSigma
    x, params = pairs(data)
    with pytest.raises(AssertionError):
        check_likelihood(model, params, x, (x - params).square().mean().sqrt())


def test_the_optimal_sigma_has_the_least_loss_of_all(build, data) -> None:
    x, params = pairs(data)
    best = build("sigma-vae").reconstruction_loss(params, x).item()
    rmse = (x - params).square().mean().sqrt()
    for factor in (0.7, 0.99, 1.01, 1.5):
        other = -Normal(params, factor * rmse).log_prob(x).sum(1).mean()
        assert other.item() > best


def test_the_gradient_of_the_optimal_loss_is_that_of_the_minimum_over_sigma(build, data) -> None:
    """D/2 log mean square error, differentiated as it stands."""
    x, params = pairs(data)
    params.requires_grad_()
    model = build("sigma-vae")
    (found,) = torch.autograd.grad(model.reconstruction_loss(params, x), params)
    minimum = x.shape[1] / 2 * (x - params).square().mean().log()
    (expected,) = torch.autograd.grad(minimum, params)
    assert torch.allclose(found, expected, rtol=1e-10)


def test_sigma_has_a_floor(build, data) -> None:
    model = build({"type": "sigma-vae", "smallest": 0.1})
    x = data.double()
    scale = data.double().var(0, correction=0).mean().sqrt().item()
    check_likelihood(model, x, x, 0.1 * scale, tolerance=1e-5)


def test_sigma_is_observed(build, data) -> None:
    model = build("sigma-vae")
    x = data.double()
    found = model.losses("main", Batch(x), generator=torch.Generator().manual_seed(0))
    error = (1 - found.observed["explained_variance"]) * model.total_variance
    assert found.observed["sigma"].item() == pytest.approx((error / x.shape[1]).sqrt().item())


def test_another_likelihood_is_refused(build) -> None:
    with pytest.raises(ComponentError, match="'l1' is another") as caught:
        build("sigma-vae", reconstruction="l1")
    assert "squared-error" in str(caught.value.hint)
