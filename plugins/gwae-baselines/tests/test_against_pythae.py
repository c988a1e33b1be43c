"""The same values as pythae, an independent implementation, on the same tensors."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from gwae_baselines.penalized import Coded
from torch import Tensor

from gwae_core import GaussianPosterior

models = pytest.importorskip("pythae.models", reason="pythae is optional")

N, D, PIXELS = 24, 3, 6
SIZE = 40  # of the training data


def rand(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()


X, X_HAT = rand(N, PIXELS, seed=0), rand(N, PIXELS, seed=1)
POSTERIOR = GaussianPosterior(rand(N, D, seed=2), rand(N, D, seed=3) - 1)
Z = POSTERIOR.rsample(torch.Generator().manual_seed(4))


def pythae(name: str, **values: Any) -> Any:
    joined = name if hasattr(models, f"{name}Config") else f"{name}_"
    config = getattr(models, f"{joined}Config")
    made = getattr(models, name)(config(input_dim=(PIXELS,), latent_dim=D, **values))
    return made.double().eval()


def total(model: Any, z: Tensor = Z) -> float:
    """Our loss of given posteriors, codes and decoded data."""
    generator = torch.Generator().manual_seed(5)
    penalties = model.penalties(Coded(X, POSTERIOR, z, X_HAT), generator=generator)
    return float((model.reconstruction_loss(X_HAT, X) + sum(penalties.values())).detach())


def prior_sample() -> Tensor:
    """What `total` compares codes with."""
    return torch.randn((N, D), generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def bandwidth(z: Tensor) -> float:
    """Pythae's kernel bandwidth b, of which it takes 2 d b^2, at the pooled sample's median."""
    pooled = torch.cat([z, prior_sample()])
    return float((torch.pdist(pooled).square().median() / (2 * D)).sqrt())


def test_beta_tcvae(build) -> None:
    values = {"mutual_information": 2, "total_correlation": 6, "dimensionwise": 0.5}
    model = build({"type": "beta-tcvae", "estimator": "weighted", **values})
    theirs = pythae("BetaTCVAE", alpha=2.0, beta=6.0, gamma=0.5, use_mss=False)
    mean, log_variance = POSTERIOR.mean, POSTERIOR.log_variance
    expected = theirs.loss_function(X_HAT, X, mean, log_variance, Z, SIZE)[0]
    assert total(model) == pytest.approx(expected.item(), rel=1e-6)


def test_info_vae(build) -> None:
    divergence = {"type": "mmd", "kernel": "imq", "scales": [1.0]}
    model = build({"type": "info-vae", "alpha": 0.25, "weight": 3, "divergence": divergence})
    config = {"kernel_choice": "imq", "kernel_bandwidth": bandwidth(Z), "scales": [1.0]}
    theirs = pythae("INFOVAE_MMD", alpha=0.25, lbd=3.0, **config)
    moments = (POSTERIOR.mean, POSTERIOR.log_variance)
    expected = theirs.loss_function(X_HAT, X, Z, prior_sample(), *moments)[0]
    assert total(model) == pytest.approx(expected.item(), rel=1e-6)


def test_wae_mmd(build) -> None:
    divergence = {"type": "mmd", "kernel": "imq", "scales": [1.0]}
    model = build({"type": "wae", "weight": 7, "divergence": divergence})
    config = {"kernel_choice": "imq", "kernel_bandwidth": bandwidth(Z), "scales": [1.0]}
    theirs = pythae("WAE_MMD", reg_weight=7.0, reconstruction_loss_scale=0.5, **config)
    expected = theirs.loss_function(X_HAT, X, Z, prior_sample())[0]
    assert total(model) == pytest.approx(expected.item(), rel=1e-6)


def test_rae(build) -> None:
    """Theirs counts the whole squared error, ours half of it."""
    model = build({"type": "rae", "codes": 0.3, "decoder": 0})
    theirs = pythae("RAE_L2", embedding_weight=0.6)
    expected = theirs.loss_function(X_HAT, X, Z)[0]
    assert total(model) == pytest.approx(expected.item() / 2, rel=1e-6)


def test_vamp_prior(build) -> None:
    prior = build("vae", prior={"type": "vamp", "num_components": 4}).prior
    theirs = pythae("VAMP", number_components=4, linear_scheduling_steps=0)
    components = prior.components()

    class Encoder(torch.nn.Module):
        def forward(self, x: Tensor) -> Any:
            from pythae.models.base.base_utils import ModelOutput

            mean, log_variance = components.mean, components.log_variance
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    theirs.encoder, theirs.idle_input = Encoder(), theirs.idle_input.double()
    kl = prior.kl(POSTERIOR, Z).mean() - sampled_entropy_gap()
    moments = (POSTERIOR.mean, POSTERIOR.log_variance)
    expected = theirs.loss_function(X_HAT, X, *moments, Z, 0)[2]
    assert kl.item() == pytest.approx(expected.item(), rel=1e-6)


def sampled_entropy_gap() -> Tensor:
    """Theirs takes log q at the sample where ours takes its expectation, minus the entropy."""
    scale = (0.5 * POSTERIOR.log_variance).exp()
    sampled = torch.distributions.Normal(POSTERIOR.mean, scale).log_prob(Z).sum(1)
    return (-POSTERIOR.entropy() - sampled).mean()
