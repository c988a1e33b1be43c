"""The two-stage variational autoencoder."""

from __future__ import annotations

import math

import pytest
import torch
from gwae_baselines.ladder import bounded
from torch.distributions import Normal, kl_divergence

from gwae_core import Batch, GaussianPosterior, Stage, TrainingConfig, fit

NAME = "two-stage-vae"


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_first_stage_is_the_vae(build, terms) -> None:
    mine, vae = terms(build(NAME, prior="normal")), terms(build("vae"))
    assert {k: v.item() for k, v in mine.items()} == pytest.approx(
        {k: v.item() for k, v in vae.items()}, rel=1e-12
    )


@pytest.mark.parametrize("log_gamma", [-1.3, 0.0, 2.0])
def test_the_second_stage_is_a_vae_of_codes(log_gamma, build, data) -> None:
    """Its likelihood and its divergence, by torch's distributions."""
    model = build(NAME)
    with torch.no_grad():
        model.log_gamma.fill_(log_gamma)
    found = model.losses("second", Batch(data.double()), generator=seeded()).terms
    generator = seeded()
    z = model.encode(data.double()).rsample(generator)
    mean, log_variance = model.second_encoder(z).chunk(2, dim=1)
    q = Normal(mean, (0.5 * bounded(log_variance)).exp())
    u = mean + q.stddev * torch.randn(z.shape, generator=generator, dtype=z.dtype)
    likelihood = Normal(model.second_decoder(u), math.exp(0.5 * log_gamma))
    expected = {
        "reconstruction": -likelihood.log_prob(z).sum(1).mean().item(),
        "divergence": kl_divergence(q, Normal(0.0, 1.0)).sum(1).mean().item(),
    }
    assert {k: v.item() for k, v in found.items()} == pytest.approx(expected, rel=1e-9)


def test_the_best_variance_is_the_mean_squared_error(build, data) -> None:
    model = build(NAME)
    generator = seeded()
    with torch.no_grad():
        z = model.encode(data.double()).rsample(generator)
        mean, log_variance = model.second_encoder(z).chunk(2, dim=1)
        u = GaussianPosterior(mean, bounded(log_variance)).rsample(generator)
        model.log_gamma.copy_((model.second_decoder(u) - z).square().mean().log())
    loss = model.losses("second", Batch(data.double()), generator=seeded()).total
    (gradient,) = torch.autograd.grad(loss, model.log_gamma)
    assert abs(gradient.item()) < 1e-12


def test_the_second_stage_learns_the_codes_and_leaves_the_first_alone(build, data) -> None:
    """Codes far from the prior; samples of the second stage have their mean and covariance."""
    model = build({"type": NAME, "first_share": 0.01, "width": 32}).float()
    with torch.no_grad():
        model.encoder.head.mean.weight.mul_(4)
        model.encoder.head.mean.bias.copy_(torch.tensor([2.0, 0.0, -1.0]))
        model.encoder.head.log_variance.bias.fill_(-3)
    first = {
        k: v.clone()
        for k, v in model.state_dict().items()
        if "second" not in k and k != "log_gamma"
    }
    training = TrainingConfig(steps=700, batch_size=40, learning_rate=1e-2, warmup_steps=0)
    model.stages = lambda: (Stage("second", 1.0, ("second",)),)
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


def test_samples_have_the_second_stages_noise(build) -> None:
    model = build(NAME)
    with torch.no_grad():
        for parameter in model.second_decoder.parameters():
            parameter.zero_()
        model.log_gamma.fill_(1.0)
        drawn = model.sample_latent(20_000, generator=seeded())
    assert drawn.var(0).log().mean().item() == pytest.approx(1.0, abs=0.03)
