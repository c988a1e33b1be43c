"""The negative binomial likelihood."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from torch.distributions import NegativeBinomial as Reference

from gwae_core import RunConfig, load, run
from gwae_core.builtin.reconstructions import NegativeBinomial
from gwae_core.context import BuildContext
from gwae_core.errors import GWAEError

RNG = np.random.default_rng(0)


def counts(n: int = 200, p: int = 12) -> torch.Tensor:
    rates = RNG.gamma(1.0, 20.0, p) * RNG.lognormal(0, 0.5, (n, 1))
    return torch.from_numpy(RNG.poisson(RNG.gamma(2.0, rates / 2)).astype(np.float32))


def build(x: torch.Tensor, **values: object) -> NegativeBinomial:
    made = NegativeBinomial(NegativeBinomial.Config(**values), BuildContext.for_data(x, 2))
    with torch.no_grad():
        made.log_dispersion.copy_(torch.linspace(-2, 3, x.shape[1]))
    return made.double()


@pytest.mark.parametrize("size", ["library", "none"])
def test_the_loss_is_the_likelihood_of_scipy_and_torch(size: str) -> None:
    x = counts()
    made = build(x, size=size)
    params, x = torch.randn(200, 12).double(), x.double()
    with torch.no_grad():
        found = made.loss(params, x)
        t, b = made.dispersion, made.log_mean.exp()
    if size == "library":
        shares = b * params.exp() / (b * params.exp()).sum(1, keepdim=True)
        m = x.sum(1, keepdim=True) * shares
    else:
        m = b * params.exp()
    scipy = stats.nbinom(t.numpy(), (t / (t + m)).numpy()).logpmf(x.numpy()).sum(1)
    other = Reference(t, logits=(m / t).log()).log_prob(x).sum(1)
    assert np.allclose(found.numpy(), -scipy, rtol=1e-5)
    assert torch.allclose(found, -other, rtol=1e-5)


def test_a_large_dispersion_is_the_poisson_likelihood() -> None:
    x = counts(20).double()
    made = build(x.float(), size="none", initial_dispersion=1e7)
    with torch.no_grad():
        made.log_dispersion.fill_(np.log(1e7))
        found = made.loss(torch.zeros_like(x), x)
        expected = -torch.distributions.Poisson(made.log_mean.exp()).log_prob(x).sum(1)
    assert torch.allclose(found, expected, rtol=1e-3)


def test_depth_does_not_change_what_the_best_parameters_are() -> None:
    # With the point's own total in the mean, shares are what the parameters say.
    x = counts(1).double()
    made = build(counts())
    params = torch.zeros(1, 12, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(made.mean(params + 3.0), made.mean(params))
    assert torch.allclose(made.loss(params + 3.0, x), made.loss(params, x))


@pytest.mark.parametrize("size", ["library", "none"])
def test_parameters_of_zero_expect_the_training_mean(size: str) -> None:
    x = counts()
    made = build(x, size=size)
    with torch.no_grad():
        expected = made.mean(torch.zeros(3, 12).double())
    assert torch.allclose(expected, x.double().mean(0).expand(3, 12), rtol=1e-4)


def test_the_gradient_is_that_of_finite_differences() -> None:
    x = counts(3, 4).double()
    made = build(counts(50, 4))
    params = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: made.loss(p, x), params)


def test_zeros_and_huge_parameters_stay_finite() -> None:
    x = counts(50, 4)
    x[:, 0] = 0
    for size in ("library", "none"):
        made = build(x, size=size).float()
        params = torch.tensor([[-500.0, 0.0, 80.0, 500.0]] * 50, requires_grad=True)
        loss = made.loss(params, x).sum()
        loss.backward()
        assert torch.isfinite(loss) and torch.isfinite(params.grad).all()


@pytest.mark.parametrize(("low", "high"), [(-1.0, 5.0), (0.0, 3.7), (0.1, 4.0), (0.0, np.nan)])
def test_data_that_are_no_counts_are_refused(low: float, high: float) -> None:
    if np.isnan(high):
        low = np.nan
    with pytest.raises(GWAEError, match="needs counts"):
        build(counts()).check_data(low, high)
    build(counts()).check_data(0.0, 17.0)


def test_the_dispersion_is_learned_and_the_run_loads(tmp_path: Path) -> None:
    x = counts(400, 12).numpy()
    np.savez(tmp_path / "counts.npz", x=x)
    config = RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "data": {"type": "arrays", "path": str(tmp_path / "counts.npz")},
            "encoder": {"hidden": [16], "input": "log1p"},
            "decoder": {"hidden": [16]},
            "reconstruction": "negative-binomial",
            "objective": {"type": "vae"},
            "prior": "normal",
            "training": {"steps": 150, "learning_rate": 0.01, "batch_size": 64},
        }
    )
    result = run(config, out=tmp_path / "run", report=False)
    model = load(result.folder)
    dispersion = model.objective.reconstruction.dispersion.detach()
    # Data are drawn with dispersion 2; training begins at 1.
    assert 1.2 < float(dispersion.median()) < 4
    assert (model.reconstruct(x[:5]) >= 0).all()
