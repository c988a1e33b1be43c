"""Variational deep embedding."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from gwae_core import Batch
from gwae_core.errors import ComponentError, ConfigError

K = 3


def mixture_of(k: int = K) -> dict[str, object]:
    return {"type": "gaussian-mixture", "num_components": k, "standardize": False}


def divergence(model, x, *, draws: int) -> float:
    """The term's mean over draws."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        posterior = model.encode(x)
        found = [
            model.density_prior().kl(posterior, posterior.rsample(generator)).mean()
            for _ in range(draws)
        ]
    return torch.stack(found).mean().item()


def published(model, x, *, draws: int) -> float:
    """The divergence as the paper writes it: closed forms in z, memberships q(k | x) from samples.

    1/2 sum_k g_k sum_d [log s_kd^2 + (v_d + (m_d - mu_kd)^2) / s_kd^2] - sum_k g_k log(w_k / g_k)
    - 1/2 sum_d (1 + log v_d), which is stated here from the definitions, for diagonal components.
    """
    with torch.no_grad():
        posterior = model.encode(x)
        mean, variance = posterior.mean, posterior.log_variance.exp()
        parts = model.prior.components()
        s = parts.covariances.diagonal(dim1=1, dim2=2)  # (K, d)
        generator = torch.Generator().manual_seed(1)
        g = torch.stack(
            [model.prior.responsibilities(posterior.rsample(generator)) for _ in range(draws)]
        ).mean(0)  # (n, K)
        each = s.log() + (variance[:, None] + (mean[:, None] - parts.means).square()) / s
        cross = 0.5 * (g * each.sum(2)).sum(1)
        of_k = -torch.xlogy(g, parts.weights).sum(1) + torch.xlogy(g, g).sum(1)
        entropy = 0.5 * (1 + variance.log()).sum(1)
        return (cross + of_k - entropy).mean().item()


def test_one_component_has_the_divergence_of_two_gaussians(build, data) -> None:
    model = build("vade", prior=mixture_of(1))
    posterior = model.encode(data.double())
    q = MultivariateNormal(posterior.mean, torch.diag_embed(posterior.log_variance.exp()))
    parts = model.prior.components()
    p = MultivariateNormal(parts.means[0], parts.covariances[0])
    expected = kl_divergence(q, p).mean().item()
    assert divergence(model, data.double(), draws=2000) == pytest.approx(expected, rel=0.02)


def test_with_clusters_apart_it_is_the_published_bound(build, data) -> None:
    model = build("vade", prior=mixture_of())
    with torch.no_grad():
        model.prior.locations.copy_(10 * torch.eye(K, 3))
        model.prior.factors.mul_((model.prior.rows == model.prior.columns).double())
        model.prior.logits.copy_(torch.tensor([0.0, 1.0, -1.0]))
        model.code_mean.sub_(model.prior.locations[0] + 0.0)
    x = data[:10].double()
    expected = published(model, x, draws=1)
    assert divergence(model, x, draws=2000) == pytest.approx(expected, rel=0.01)


def test_with_clusters_that_overlap_it_is_tighter_than_the_published_bound(build, data) -> None:
    """By the mean divergence of q(k | x) from p(k | z), nothing else."""
    model = build("vade", prior=mixture_of())
    with torch.no_grad():
        model.prior.factors.mul_((model.prior.rows == model.prior.columns).double())
    x = data[:10].double()
    # components wide enough that no p(k | z) is far from the others
    with torch.no_grad():
        model.prior.factors.add_((model.prior.rows == model.prior.columns).double() * math.log(4))
    ours, paper = divergence(model, x, draws=2000), published(model, x, draws=2000)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        posterior = model.encode(x)
        draws = [posterior.rsample(generator) for _ in range(2000)]
        memberships = torch.stack([model.prior.responsibilities(z) for z in draws])
    g = memberships.mean(0)  # q(k | x)
    gap = (torch.xlogy(g, g) - g * memberships.log()).sum(-1).mean().item()
    assert gap > 0.01
    assert paper - ours == pytest.approx(gap, abs=0.03)


def test_first_a_plain_autoencoder_then_the_fitted_mixture(build, data) -> None:
    model = build("vade", prior={"type": "gaussian-mixture", "num_components": K})
    x = data.double()
    generator = torch.Generator().manual_seed(0)
    model.code_mean.zero_()
    model.code_scale.fill_(1)
    model.start_stage("pretraining", x, generator=generator)
    found = model.losses("main", Batch(x), generator=generator).terms
    with torch.no_grad():
        means = model.encode(x).mean
        error = 0.5 * (model.decode(means) - x).square().sum(1).mean()
    assert found.keys() == {"reconstruction"}
    assert found["reconstruction"].item() == pytest.approx(error.item())

    before, likely = model.decode(means), model.prior.log_prob(means).mean()
    model.start_stage("joint", x, generator=generator)
    codes = model.encode(x).mean
    assert codes.mean(0).abs().max().item() < 1e-9
    assert codes.square().mean().item() == pytest.approx(1, abs=1e-9)
    assert torch.allclose(model.decode(codes), before, atol=1e-9)
    assert model.prior.log_prob(codes).mean() > likely
    assert set(model.losses("main", Batch(x), generator=generator).terms) == {
        "reconstruction",
        "divergence",
    }
    other = build("vade", prior={"type": "gaussian-mixture", "num_components": K})
    other.stage = "pretraining"
    other.load_training_state(model.training_state())
    assert other.stage == "joint"


def test_a_second_training_standardises_the_codes_of_the_first(build, data) -> None:
    """The mixture is fitted on the codes that the model then has."""
    model = build("vade", prior={"type": "gaussian-mixture", "num_components": K})
    x = data.double()
    with torch.no_grad():
        model.encoder.head.mean.weight.mul_(3)
        model.encoder.head.mean.bias.add_(5)
    model.start_stage("joint", x, generator=torch.Generator().manual_seed(0))
    codes = model.encode(x).mean
    assert codes.mean(0).abs().max().item() < 1e-9
    assert codes.square().mean().item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("prior", ["normal", "vamp"])
def test_a_prior_that_is_no_mixture_to_be_fitted_is_refused(prior, build) -> None:
    with pytest.raises((ComponentError, ConfigError), match="mixture that can be fitted"):
        build("vade", prior=prior)
