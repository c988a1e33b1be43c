"""The variational autoencoder."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from gwae_core import DensityPrior, DeterministicPosterior, RunConfig
from gwae_core.build import build_objective
from gwae_core.builtin.objectives import VAE
from gwae_core.context import Batch, BuildContext
from gwae_core.errors import ComponentError

X = torch.randn(32, 5, generator=torch.Generator().manual_seed(0))


def build(prior: str = "normal", beta: float = 1.0) -> VAE:
    config = RunConfig.from_mapping(
        {"latent_dim": 2, "prior": prior, "objective": {"type": "vae", "beta": beta}}
    )
    model = build_objective(config, BuildContext.for_data(X, 2))
    assert isinstance(model, VAE)
    return model


def terms(model: VAE) -> dict[str, float]:
    found = model.losses("main", Batch(X), generator=torch.Generator().manual_seed(1))
    return {name: value.item() for name, value in found.terms.items()}


def test_the_divergence_is_that_of_diagonal_gaussians() -> None:
    model = build()
    posterior = model.encode(X)
    q = Normal(posterior.mean, (0.5 * posterior.log_variance).exp())
    expected = kl_divergence(q, Normal(0.0, 1.0)).sum(1).mean()
    assert terms(model)["divergence"] == pytest.approx(expected.item(), rel=1e-5)


def test_beta_weighs_the_divergence_alone() -> None:
    one, four = terms(build(beta=1)), terms(build(beta=4))
    assert four["divergence"] == pytest.approx(4 * one["divergence"])
    assert four["reconstruction"] == pytest.approx(one["reconstruction"])


def test_samples_estimate_the_divergence_from_any_density() -> None:
    """With the standard normal, the sampled estimate agrees with the closed form."""
    model = build()
    posterior = model.encode(X)
    generator = torch.Generator().manual_seed(2)
    draws = [posterior.rsample(generator) for _ in range(4000)]
    sampled = [DensityPrior.kl(model.prior, posterior, z) for z in draws]
    exact = model.prior.kl(posterior, draws[0])
    error = (torch.stack(sampled).mean(0) - exact).abs()
    assert error.max().item() < 0.1


def test_a_mixture_prior_learns_through_the_divergence() -> None:
    model = build("gaussian-mixture")
    found = model.losses("main", Batch(X), generator=torch.Generator().manual_seed(1))
    found.total.backward()
    for name, parameter in model.prior.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_a_prior_without_a_density_is_refused() -> None:
    with pytest.raises(ComponentError, match="needs a prior with a density"):
        build("neural")


@pytest.mark.parametrize("prior", ["normal", "gaussian-mixture"])
def test_codes_without_spread_have_no_divergence(prior: str) -> None:
    z = torch.zeros(3, 2)
    with pytest.raises(ComponentError, match="needs the posterior's entropy") as caught:
        build(prior).density_prior().kl(DeterministicPosterior(z), z)
    assert "encoder.posterior" in str(caught.value.hint)
