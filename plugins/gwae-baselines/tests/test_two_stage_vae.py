"""The two-stage variational autoencoder."""

from __future__ import annotations

import pytest
import torch
from gwae_baselines.two_stage_vae import likelihood
from torch import Tensor
from torch.distributions import Normal

from gwae_core import Batch, TrainingConfig, fit
from gwae_core.errors import ConfigError

NAME = "two-stage-vae"


def test_the_likelihood_is_that_of_a_gaussian() -> None:
    generator = torch.Generator().manual_seed(0)
    t, g = torch.randn(2, 7, 5, generator=generator, dtype=torch.float64)
    log_gamma = torch.tensor(-1.3, dtype=torch.float64)
    expected = -Normal(g, (0.5 * log_gamma).exp()).log_prob(t).sum(1)
    found = likelihood(0.5 * (t - g).square().sum(1), log_gamma, 5)
    assert torch.allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("group", ["main", "second"])
def test_the_best_variance_is_the_mean_squared_error(group, build, data) -> None:
    """There the gradient is zero: on data in the first stage, on codes in the second."""
    model = build(NAME)
    x = data.double()

    def loss() -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return model.losses(group, Batch(x), generator=generator).terms["reconstruction"]

    with torch.no_grad():
        generator = torch.Generator().manual_seed(0)
        z = model.encode(x).rsample(generator)
        if group == "main":
            parameter, error = model.log_gamma, (model.decode(z) - x).square().mean()
        else:
            mean, log_variance = model.second_encoder(z).chunk(2, dim=1)
            noise = torch.randn(z.shape, generator=generator, dtype=z.dtype)
            # the network's log variances are small, where their bound changes nothing
            u = mean + (0.5 * log_variance).exp() * noise
            parameter, error = (
                model.second_log_gamma,
                (model.second_decoder(u) - z).square().mean(),
            )
        parameter.copy_(error.log())
    (gradient,) = torch.autograd.grad(loss(), parameter)
    dimensions = 6 if group == "main" else 3
    assert abs(gradient.item()) < 1e-3 * dimensions


def test_the_second_stage_learns_the_codes_and_leaves_the_first_alone(build, data) -> None:
    """Codes far from the prior; samples of the second stage have their mean and covariance."""
    model = build({"type": NAME, "first_share": 0.01, "width": 32}).float()
    with torch.no_grad():
        model.encoder.head.mean.weight.mul_(4)
        model.encoder.head.mean.bias.copy_(torch.tensor([2.0, 0.0, -1.0]))
        model.encoder.head.log_variance.bias.fill_(-3)
    first = {k: v.clone() for k, v in model.state_dict().items() if "second" not in k}
    training = TrainingConfig(steps=700, batch_size=40, learning_rate=1e-2, warmup_steps=0)
    stages = model.stages()
    model.stages = lambda: (type(stages[1])("second", 1.0, ("second",)),)
    fit(model, data, training=training)
    assert all(torch.equal(model.state_dict()[k], v) for k, v in first.items())
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        posterior = model.encode(data)
        codes = torch.cat([posterior.rsample(generator) for _ in range(100)])
        drawn = model.sample_latent(4000, generator=generator)
    scale = codes.std(0).max()
    assert (codes.mean(0) - drawn.mean(0)).abs().max() < 0.15 * scale
    assert (torch.cov(codes.T) - torch.cov(drawn.T)).abs().max() < 0.25 * scale**2


def test_another_likelihood_is_refused(build, data) -> None:
    with pytest.raises((ConfigError, Exception), match="squared-error"):
        build(NAME, reconstruction="bernoulli", x=data.sigmoid())
