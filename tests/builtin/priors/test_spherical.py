"""The uniform prior on a sphere."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import kstest

from gwae_core import RunConfig, run
from gwae_core.builtin.priors import Spherical
from gwae_core.context import BuildContext
from gwae_core.errors import GWAEError


def build(latent_dim: int, **values: object) -> Spherical:
    return Spherical(Spherical.Config(**values), BuildContext.for_shape((4,), latent_dim))


def draw(prior: Spherical, n: int = 20_000) -> torch.Tensor:
    return prior.double().sample(n, generator=torch.Generator().manual_seed(0)).detach()


@pytest.mark.parametrize("d", [1, 2, 3, 16])
def test_samples_lie_on_the_sphere_with_unit_variance(d: int) -> None:
    z = draw(build(d))
    assert torch.allclose(z.norm(dim=1), torch.tensor(math.sqrt(d)).double(), rtol=1e-6)
    assert torch.allclose(torch.cov(z.T).reshape(d, d), torch.eye(d).double(), atol=0.03)
    assert z.mean(0).abs().max() < 0.03


def test_each_coordinate_on_the_sphere_in_space_is_uniform() -> None:
    # Archimedes: the zones of a sphere have the area of the cylinder around it.
    z = draw(build(3, radius=2.0))
    assert all(kstest(z[:, d], "uniform", args=(-2, 4)).pvalue > 0.01 for d in range(3))


def test_the_law_is_invariant_under_rotations() -> None:
    z = draw(build(2))
    angle = torch.atan2(z[:, 1], z[:, 0])
    assert kstest(angle, "uniform", args=(-math.pi, 2 * math.pi)).pvalue > 0.01


@pytest.mark.parametrize("d", [2, 3, 4])
def test_the_surface_density_normalises(d: int) -> None:
    # The share of a cube's volume within a thin shell, over its thickness, is the sphere's area.
    prior = build(d, radius=1.5)
    points = 4 * torch.rand(2_000_000, d, generator=torch.Generator().manual_seed(0)) - 2
    half = 0.02
    inside = ((points.norm(dim=1) - 1.5).abs() < half).float().mean()
    area = float(inside) * 4**d / (2 * half)
    assert area * math.exp(float(prior.surface_log_density())) == pytest.approx(1, abs=0.02)


def test_two_points_have_one_half_each() -> None:
    assert float(build(1).surface_log_density().exp()) == pytest.approx(0.5)


def test_only_a_trainable_radius_learns() -> None:
    fixed, free = build(3, radius=2.0), build(3, radius=2.0, trainable=True)
    assert not fixed.sample(4).requires_grad
    free.sample(4).square().sum(1).mean().backward()
    # d r^2 / d log r = 2 r^2
    assert float(free.log_radius.grad) == pytest.approx(8.0, rel=1e-5)


def test_a_method_that_needs_a_density_refuses(tmp_path) -> None:
    config = RunConfig.from_mapping(
        {"latent_dim": 2, "prior": "spherical", "objective": "vae", "training": {"steps": 2}}
    )
    with pytest.raises(GWAEError, match="needs a prior with a density; 'spherical' has none"):
        run(config, out=tmp_path / "run", report=False)
