"""The VampPrior."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from gwae_core import RunConfig, load, run
from gwae_core.builtin.encoders import MLPEncoder
from gwae_core.builtin.priors import Vamp
from gwae_core.checkpoints import read_checkpoint
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError


def build(k: int = 5, posterior: str = "gaussian", n: int = 60) -> Vamp:
    torch.manual_seed(0)
    x = 3 * torch.randn(n, 4) + 1
    context = BuildContext.for_data(x, 2)
    encoder = MLPEncoder(MLPEncoder.Config(hidden=(8,), posterior=posterior), context)
    return Vamp(Vamp.Config(num_components=k), context.with_parts(encoder=encoder))


def mixture(prior: Vamp) -> MixtureSameFamily:
    """The same density by torch's own distributions."""
    posterior = prior.encoder(prior.pseudo_inputs)
    parts = Independent(Normal(posterior.mean, (0.5 * posterior.log_variance).exp()), 1)
    weights = torch.full((prior.num_components,), 1.0 / prior.num_components).double()
    return MixtureSameFamily(Categorical(weights), parts)


def test_the_density_is_that_of_the_mixture_of_posteriors() -> None:
    prior = build().double()
    z = 2 * torch.randn(600, 2, dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(prior.log_prob(z), mixture(prior).log_prob(z))


def test_the_density_integrates_to_one() -> None:
    prior = build(3).double()
    axis = torch.linspace(-12, 12, 601, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        mass = prior.log_prob(grid).exp().sum() * (axis[1] - axis[0]) ** 2
    assert float(mass) == pytest.approx(1, abs=1e-3)


def test_responsibilities_are_the_posterior_over_components() -> None:
    prior = build().double()
    z = torch.randn(7, 2, dtype=torch.float64)
    with torch.no_grad():
        parts = mixture(prior).component_distribution
        joint = parts.log_prob(z[:, None]) - math.log(5)
        expected = (joint - joint.logsumexp(1, keepdim=True)).exp()
        assert torch.allclose(prior.responsibilities(z), expected)


def test_samples_have_the_moments_of_the_mixture() -> None:
    prior = build().double()
    with torch.no_grad():
        z = prior.sample(40_000, generator=torch.Generator().manual_seed(0))
        expected = mixture(prior)
    assert torch.allclose(z.mean(0), expected.mean, atol=0.03)
    assert torch.allclose(z.var(0), expected.variance, rtol=0.03)


@pytest.mark.parametrize("n", [1, 4, 5, 12])
def test_every_component_gets_its_even_share_of_samples(n: int) -> None:
    prior = build()
    with torch.no_grad():
        # Far apart and narrow, so that a sample tells its component.
        prior.encoder.head.log_variance.weight.zero_()
        prior.encoder.head.log_variance.bias.fill_(-100.0)
        prior.encoder.head.mean.weight.mul_(100)
        counts = torch.zeros(5)
        for seed in range(200):
            z = prior.sample(n, generator=torch.Generator().manual_seed(seed))
            chosen = prior.responsibilities(z).argmax(1).bincount(minlength=5)
            assert chosen.max() - chosen.min() <= 1
            counts += chosen
    assert torch.allclose(counts / counts.sum(), torch.full((5,), 0.2), atol=0.06)


def test_a_sample_of_a_component_is_of_its_posterior() -> None:
    prior = build().double()
    with torch.no_grad():
        z = prior.sample_component(3, 20_000, generator=torch.Generator().manual_seed(0))
        posterior = prior.encoder(prior.pseudo_inputs[3:4])
        assert torch.allclose(z.mean(0), posterior.mean[0], atol=0.05)
        assert torch.allclose(z.var(0), posterior.log_variance[0].exp(), rtol=0.05)
    with pytest.raises(ComponentError, match="there is no component 5; the prior has 5"):
        prior.sample_component(5, 1)


def test_it_begins_at_training_points() -> None:
    x = 3 * torch.randn(60, 4) + 1
    context = BuildContext.for_data(x, 2)
    context = context.with_parts(encoder=MLPEncoder(MLPEncoder.Config(), context))
    prior = Vamp(Vamp.Config(num_components=40, initial_noise=0), context)
    gap = prior.pseudo_inputs.detach()[:, None] - x  # (K, n, p)
    nearest = gap.norm(dim=2).min(1)
    assert nearest.values.max() < 1e-4
    assert len(nearest.indices.unique()) > 20


def test_its_gradient_reaches_the_encoder() -> None:
    prior = build()
    prior.log_prob(torch.randn(9, 2)).sum().backward()
    assert prior.standardized.grad.abs().max() > 0
    assert all(p.grad is not None for p in prior.encoder.parameters())


def test_the_prior_follows_the_encoder() -> None:
    prior = build()
    z = torch.zeros(1, 2)
    before = prior.log_prob(z).item()
    with torch.no_grad():
        prior.encoder.head.mean.bias.add_(5.0)
    assert prior.log_prob(z).item() != before


def test_posteriors_without_spread_are_refused() -> None:
    with pytest.raises(ComponentError, match="this encoder's are DeterministicPosterior") as caught:
        build(posterior="deterministic")
    assert "encoder.posterior" in str(caught.value.hint)


@pytest.mark.parametrize("objective", ["vae", "gwae"])
def test_a_run_trains_and_loads_with_one_encoder_for_both(objective: str, tmp_path: Path) -> None:
    config = RunConfig.from_mapping(
        {
            "latent_dim": 3,
            "encoder": {"hidden": [16]},
            "decoder": {"hidden": [16]},
            "prior": {"type": "vamp", "num_components": 6},
            "objective": objective,
            "training": {"steps": 12, "batch_size": 64},
        }
    )
    result = run(config, out=tmp_path / "run", report=False)
    assert np.isfinite(list(result.metrics.values())).all()
    model = load(result.folder)
    prior = model.objective.prior
    assert prior.encoder is model.objective.encoder
    assert model.sample(5, component=2).shape == (5, 1, 8, 8)


def test_averaged_weights_are_saved_for_the_prior_s_encoder_too(tmp_path: Path) -> None:
    config = RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "encoder": {"hidden": [8]},
            "decoder": {"hidden": [8]},
            "prior": {"type": "vamp", "num_components": 3},
            "objective": "vae",
            "training": {"steps": 5, "batch_size": 16, "ema_decay": 0.9},
        }
    )
    x = np.random.default_rng(0).normal(size=(60, 4))
    folder = run(config, out=tmp_path / "run", data=x, report=False).folder
    state = read_checkpoint(folder / "checkpoints/last.safetensors")[0]
    own = {k: v for k, v in state.items() if k.startswith("encoder.")}
    assert own
    for name, value in own.items():
        assert torch.equal(value, state[f"prior.{name}"])
