"""Adversarial variational Bayes."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal

from gwae_core import Batch
from gwae_core.errors import ComponentError, ConfigError

DRAWS = 1000


def exact_ratio(model, x):
    """The discriminator's optimum, log q(z | x) - log pi(z), for the model's present posteriors."""
    with torch.no_grad():
        posterior = model.encode(x)
    q = Normal(posterior.mean, (0.5 * posterior.log_variance).exp())
    return lambda sample: (q.log_prob(sample.z) - Normal(0, 1).log_prob(sample.z)).sum(1)


def test_at_the_optimum_the_term_is_the_divergence_and_so_is_its_gradient(build, data) -> None:
    """The optimum depends on the encoder too, but the gradient through that is zero on average."""
    model = build("avb")
    x = data[:2].double()
    model.discriminator.score = exact_ratio(model, x)
    generator = torch.Generator().manual_seed(0)
    bias = model.encoder.head.mean.bias
    values, gradients = [], []
    for _ in range(DRAWS):
        term = model.losses("main", Batch(x), generator=generator).terms["divergence"]
        values.append(term.detach())
        gradients.append(torch.autograd.grad(term, bias)[0])
    posterior = model.encode(x)
    exact = model.density_prior().kl(posterior, posterior.mean).mean()
    assert torch.stack(values).mean().item() == pytest.approx(exact.item(), rel=0.1)
    (expected,) = torch.autograd.grad(exact, bias)
    assert torch.allclose(torch.stack(gradients).mean(0), expected, atol=0.08)


def test_the_discriminator_learns_the_divergence(build, data) -> None:
    model = build({"type": "avb", "discriminator": {"type": "pair-discriminator", "hidden": [32]}})
    model = model.float()
    # posteriors far from the prior, the same for all x
    head = model.encoder.head
    with torch.no_grad():
        for layer in (head.mean, head.log_variance):
            layer.weight.zero_()
            layer.bias.fill_(0.8)
    batch = Batch(data.repeat(25, 1))
    optimizer = torch.optim.Adam(model.discriminator.parameters(), 1e-2)
    generator = torch.Generator().manual_seed(0)
    estimates = []
    for step in range(250):
        optimizer.zero_grad()
        model.losses("critic", batch, generator=generator).total.backward()
        optimizer.step()
        if step >= 200:
            with torch.no_grad():
                found = model.losses("main", batch, generator=generator).terms["divergence"]
            estimates.append(found.item())
    posterior = model.encode(data)
    exact = model.density_prior().kl(posterior, posterior.mean).mean().item()
    assert sum(estimates) / len(estimates) == pytest.approx(exact, rel=0.15)


def test_a_mixture_learns_through_its_density(build, data) -> None:
    model = build("avb", prior={"type": "gaussian-mixture", "num_components": 2})
    parameters = list(model.prior.parameters())
    z = model.encode(data.double()).rsample(torch.Generator().manual_seed(0)).detach()
    expected = torch.autograd.grad(-model.prior.log_prob(z).mean(), parameters)
    term = model.losses("main", Batch(data.double()), generator=torch.Generator().manual_seed(0))
    found = torch.autograd.grad(term.terms["divergence"], parameters)
    for mine, wanted in zip(found, expected, strict=True):
        assert torch.allclose(mine, wanted, atol=1e-12)


def test_what_it_cannot_train_is_refused(build) -> None:
    with pytest.raises((ComponentError, ConfigError), match="cannot train the prior 'neural'"):
        build("avb", prior="neural")
    of_data = {"type": "pair-discriminator", "sees": "data"}
    with pytest.raises((ComponentError, ConfigError), match="sees data alone"):
        build({"type": "avb", "discriminator": of_data})
