"""The beta-TCVAE: its densities against torch's mixtures, its parts against the divergence."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from gwae_baselines.penalized import Coded
from torch import Tensor
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    Normal,
    kl_divergence,
)

from gwae_core import GaussianPosterior
from gwae_core.errors import ComponentError
from gwae_core.registered import config_class

N, D = 12, 3


def posteriors(n: int = N) -> GaussianPosterior:
    mean, log_variance = torch.randn(2, n, D, generator=torch.Generator().manual_seed(1)).double()
    return GaussianPosterior(1.5 * mean, log_variance - 1)


def mixtures(posterior: GaussianPosterior) -> tuple[MixtureSameFamily, MixtureSameFamily]:
    """The aggregated posterior by torch's own distributions: of codes, and of each coordinate."""
    scale = (0.5 * posterior.log_variance).exp()
    weights = torch.ones(len(scale)).double()
    joint = MixtureSameFamily(Categorical(weights), Independent(Normal(posterior.mean, scale), 1))
    each = MixtureSameFamily(Categorical(weights.expand(D, -1)), Normal(posterior.mean.T, scale.T))
    return joint, each


def test_with_all_of_the_data_the_densities_are_those_of_the_mixture(build) -> None:
    model = build("beta-tcvae")
    model.data_size.fill_(N)
    posterior = posteriors()
    z = posterior.rsample(torch.Generator().manual_seed(2))
    conditional, joint, marginals = model.log_densities(posterior, z)
    own = Normal(posterior.mean, (0.5 * posterior.log_variance).exp())
    of_codes, of_coordinates = mixtures(posterior)
    assert torch.allclose(conditional, own.log_prob(z).sum(1), rtol=1e-12)
    assert torch.allclose(joint, of_codes.log_prob(z), rtol=1e-12)
    assert torch.allclose(marginals, of_coordinates.log_prob(z), rtol=1e-12)


def batches(z: Tensor, posterior: GaussianPosterior, size: int):
    """Every batch of a size in which point 0 comes first."""
    for others in itertools.combinations(range(1, N), size - 1):
        rows = torch.tensor([0, *others])
        yield GaussianPosterior(posterior.mean[rows], posterior.log_variance[rows]), z[rows]


@pytest.mark.parametrize("size", [2, 4])
def test_over_all_batches_the_stratified_density_is_exact_on_average(build, size: int) -> None:
    model = build("beta-tcvae")
    model.data_size.fill_(N)
    posterior = posteriors()
    z = posterior.rsample(torch.Generator().manual_seed(2))
    found = [model.log_densities(p, own)[1][0] for p, own in batches(z, posterior, size)]
    exact = mixtures(posterior)[0].log_prob(z)[0].exp()
    assert torch.stack(found).exp().mean().item() == pytest.approx(exact.item(), rel=1e-12)


def test_the_weighted_density_is_the_mean_of_the_batch_over_the_data_size(build) -> None:
    model = build({"type": "beta-tcvae", "estimator": "weighted"})
    model.data_size.fill_(100)
    posterior = posteriors()
    z = posterior.rsample(torch.Generator().manual_seed(2))
    _, joint, marginals = model.log_densities(posterior, z)
    of_codes, of_coordinates = mixtures(posterior)
    shift = torch.tensor(100.0).double().log()
    assert torch.allclose(joint, of_codes.log_prob(z) - shift, rtol=1e-12)
    assert torch.allclose(marginals, of_coordinates.log_prob(z) - shift, rtol=1e-12)


def test_the_parts_are_those_of_the_mixture_and_sum_to_the_divergence(build) -> None:
    """KL = MI + TC + dimension-wise KL, each part by Monte Carlo over torch's own mixture."""
    model = build(
        {"type": "beta-tcvae", "mutual_information": 1, "total_correlation": 1, "dimensionwise": 1}
    )
    model.data_size.fill_(N)
    posterior = posteriors()
    generator = torch.Generator().manual_seed(3)
    draws = 1500
    sums: dict[str, float] = {}
    for _ in range(draws):
        z = posterior.rsample(generator)
        coded = Coded(z, posterior, z, z)
        for name, value in model.penalties(coded, generator=generator).items():
            sums[name] = sums.get(name, 0.0) + value.item() / draws

    q = Normal(posterior.mean, (0.5 * posterior.log_variance).exp())
    kl = kl_divergence(q, Normal(0.0, 1.0)).sum(1).mean().item()
    of_codes, of_coordinates = mixtures(posterior)
    torch.manual_seed(4)
    z = of_codes.sample((200_000,))
    joint, each = of_codes.log_prob(z), of_coordinates.log_prob(z)
    prior = Normal(0.0, 1.0).log_prob(z)
    total_correlation = (joint - each.sum(1)).mean().item()
    dimensionwise = (each - prior).sum(1).mean().item()
    entropy = Independent(q, 1).entropy().mean().item()
    assert sums["total_correlation"] == pytest.approx(total_correlation, abs=0.02)
    assert sums["dimensionwise"] == pytest.approx(dimensionwise, abs=0.04)
    assert sums["mutual_information"] == pytest.approx(-joint.mean().item() - entropy, abs=0.02)
    assert sum(sums.values()) == pytest.approx(kl, abs=0.04)


def test_data_on_disk_are_counted_in_full(build, data, tmp_path, monkeypatch) -> None:
    """The stages are told of a sample of them."""
    np.save(tmp_path / "x.npy", data.numpy())
    arrays = config_class("dataset", "arrays")(path=tmp_path / "x.npy", on_disk=True)
    rows = arrays.build(None).load().x
    monkeypatch.setattr("gwae_core.row_source.SAMPLE_BYTES", 4 * data.shape[1] * 10)
    assert len(rows.sample()) == 10
    assert build("beta-tcvae", x=rows).data_size == len(data)
    assert build("beta-tcvae").data_size == len(data)


def test_with_all_weights_one_it_is_the_vae(build, terms) -> None:
    ones = {"mutual_information": 1, "total_correlation": 1, "dimensionwise": 1}
    ours = build({"type": "beta-tcvae", **ones})
    vae = build("vae")
    vae.load_state_dict(ours.state_dict(), strict=False)
    ours, vae = (
        [sum(terms(model, seed=seed).values()).item() for seed in range(400)]
        for model in (ours, vae)
    )
    assert sum(ours) / 400 == pytest.approx(sum(vae) / 400, rel=0.01)


def test_each_weight_weighs_its_part(build, terms) -> None:
    plain, weighted = (
        terms(build({"type": "beta-tcvae", "mutual_information": a, "total_correlation": b}))
        for a, b in ((1, 1), (2, 5))
    )
    assert weighted["mutual_information"].item() == pytest.approx(
        2 * plain["mutual_information"].item()
    )
    assert weighted["total_correlation"].item() == pytest.approx(
        5 * plain["total_correlation"].item()
    )
    assert weighted["dimensionwise"].item() == pytest.approx(plain["dimensionwise"].item())


def test_a_single_point_is_its_own_aggregate(build) -> None:
    model = build("beta-tcvae")
    posterior = posteriors(1)
    z = posterior.rsample(torch.Generator().manual_seed(2))
    conditional, joint, marginals = model.log_densities(posterior, z)
    assert torch.allclose(joint, conditional)
    assert torch.allclose(marginals.sum(1), conditional)


def test_codes_without_spread_are_refused(build, terms) -> None:
    with pytest.raises(ComponentError, match="beta-tcvae needs Gaussian posteriors"):
        terms(build("beta-tcvae", posterior="deterministic"))
