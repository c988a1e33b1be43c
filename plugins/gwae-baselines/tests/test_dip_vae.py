"""The DIP-VAE."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gwae_baselines.penalized import Coded
from torch import Tensor

from gwae_core import GaussianPosterior


def posterior(n: int = 500) -> GaussianPosterior:
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(n, 3, generator=generator) @ torch.randn(3, 3, generator=generator)
    log_variance = torch.randn(n, 3, generator=generator) - 1
    return GaussianPosterior(mean.double(), log_variance.double())


def test_version_i_has_the_covariance_of_the_means(build) -> None:
    model = build({"type": "dip-vae", "version": "i"})
    expected = np.cov(posterior().mean.T, bias=True)
    assert np.allclose(model.covariance(posterior()), expected, rtol=1e-12)


def test_version_ii_has_the_covariance_of_the_codes(build) -> None:
    """Against samples: Cov(z) = Cov(E[z | x]) + E Cov(z | x)."""
    q = posterior()
    generator = torch.Generator().manual_seed(1)
    z = torch.cat([q.rsample(generator) for _ in range(2000)])
    found = build({"type": "dip-vae", "version": "ii"}).covariance(q)
    assert torch.allclose(found, torch.cov(z.T, correction=0), atol=0.02)


def penalties(model, q: GaussianPosterior) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    coded = Coded(q.mean, q, q.mean, q.mean)
    found: dict[str, Tensor] = model.penalties(coded, generator=generator)
    return {name: value.item() for name, value in found.items()}


@pytest.mark.parametrize("version", ["i", "ii"])
def test_the_penalties_are_the_distances_of_the_covariance_from_the_identity(build, version):
    model = build({"type": "dip-vae", "version": version, "off_diagonal": 3, "diagonal": 5})
    gap = (model.covariance(posterior()) - torch.eye(3)).numpy()
    on = np.diag(gap)
    found = penalties(model, posterior())
    assert found["diagonal"] == pytest.approx(5 * (on**2).sum(), rel=1e-12)
    assert found["off_diagonal"] == pytest.approx(3 * ((gap**2).sum() - (on**2).sum()), rel=1e-9)


def test_white_codes_cost_nothing(build) -> None:
    q = posterior()
    centred = q.mean - q.mean.mean(0)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
    white = centred @ vectors / values.sqrt()
    i = penalties(build({"type": "dip-vae", "version": "i"}), GaussianPosterior(white, white))
    assert i["diagonal"] == pytest.approx(0, abs=1e-20)
    assert i["off_diagonal"] == pytest.approx(0, abs=1e-20)
    # half of the variance in the means, half in the noise
    half = torch.full_like(white, 0.5).log()
    q = GaussianPosterior(white * 0.5**0.5, half)
    ii = penalties(build({"type": "dip-vae", "version": "ii"}), q)
    assert ii["diagonal"] == pytest.approx(0, abs=1e-20)
    assert ii["off_diagonal"] == pytest.approx(0, abs=1e-20)


def test_without_weights_it_is_the_vae(build, terms) -> None:
    ours = build({"type": "dip-vae", "off_diagonal": 0, "diagonal": 0})
    vae = build("vae")
    vae.load_state_dict(ours.state_dict())
    assert sum(terms(ours).values()).item() == pytest.approx(sum(terms(vae).values()).item())
