"""The deep autoencoding Gaussian mixture model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gwae_baselines.dagmm import error_features
from gwae_baselines.estimated_mixture import Mixture, estimate
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from gwae_core import Batch, TrainingConfig, fit


def random_mixture(k: int = 3, size: int = 4) -> Mixture:
    generator = torch.Generator().manual_seed(0)
    factor = torch.randn(k, size, size, generator=generator, dtype=torch.float64)
    means = torch.randn(k, size, generator=generator, dtype=torch.float64)
    weights = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    return Mixture(weights, means, factor @ factor.mT + torch.eye(size))


def as_distribution(mixture: Mixture) -> MixtureSameFamily:
    return MixtureSameFamily(
        Categorical(mixture.weights), MultivariateNormal(mixture.means, mixture.covariances)
    )


def test_the_energy_is_the_negative_log_density() -> None:
    mixture = random_mixture()
    u = torch.randn(9, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.allclose(mixture.energy(u), -as_distribution(mixture).log_prob(u), rtol=1e-10)


def test_sharp_memberships_give_the_moments_of_each_cluster() -> None:
    u = torch.randn(30, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    labels = torch.arange(30) % 3
    gamma = torch.nn.functional.one_hot(labels, 3).double()
    found = estimate(u, gamma, regularization=0.1)
    for k in range(3):
        rows = u[labels == k].numpy()
        assert np.allclose(found.means[k], rows.mean(0))
        covariance = np.cov(rows.T, bias=True) + 0.1 * np.eye(4)
        assert np.allclose(found.covariances[k], covariance)
    assert torch.allclose(found.weights, torch.full((3,), 1 / 3, dtype=torch.float64))


def test_the_features_of_an_error_are_its_relative_size_and_its_cosine() -> None:
    x = torch.tensor([[3.0, 4.0], [1.0, 0.0]], dtype=torch.float64)
    x_hat = torch.tensor([[3.0, 4.0], [0.0, 2.0]], dtype=torch.float64)
    expected = torch.tensor([[0, 1], [5**0.5, 0]], dtype=torch.float64)
    assert torch.allclose(error_features(x, x_hat), expected, atol=1e-7)


def test_codes_are_drawn_from_the_mixture_without_its_features_of_errors(build) -> None:
    model = build({"type": "dagmm", "num_components": 3}, latent_dim=2)
    mixture = random_mixture()
    for name in ("weights", "means", "covariances"):
        getattr(model, name).copy_(getattr(mixture, name))
    drawn = model.sample_latent(100_000, generator=torch.Generator().manual_seed(0))
    exact = as_distribution(mixture)
    assert torch.allclose(drawn.mean(0), exact.mean[:2], atol=0.03)
    assert torch.allclose(drawn.var(0), exact.variance[:2], rtol=0.03)


def test_the_terms_have_their_weights(build, data, terms) -> None:
    model = build({"type": "dagmm", "momentum": 1.0})
    found = terms(model)
    # with momentum 1 the stored mixture is that of the batch
    generator = torch.Generator().manual_seed(0)
    x = data.double()
    z = model.encode(x).rsample(generator)
    u = torch.cat([z, error_features(x, model.decode(z))], dim=1)
    assert found["energy"].item() == pytest.approx(0.1 * model.mixture.energy(u).mean().item())
    inverse = (1 / model.covariances.diagonal(dim1=1, dim2=2)).sum().item()
    assert found["inverse_variance"].item() == pytest.approx(0.005 * inverse)


def test_the_energy_tells_anomalies_and_no_prior_pretends_to_be_its_model(build, data) -> None:
    model = build({"type": "dagmm", "num_components": 2}, posterior="deterministic").float()
    fit(model, data, training=TrainingConfig(steps=150, batch_size=40, learning_rate=1e-2))
    generator = torch.Generator().manual_seed(1)
    noise: Tensor = data.std() * torch.randn(data.shape, generator=generator)
    with torch.no_grad():
        inside, outside = model.energy(data), model.energy(noise)
    # data lie in a plane, and noise of their size does not
    better = (outside[:, None] > inside).float().mean().item()
    assert better > 0.9
    assert not hasattr(model, "prior")
    model.losses("main", Batch(data[:1]), generator=generator)
