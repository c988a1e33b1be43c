from __future__ import annotations

import numpy as np
import pytest
import torch

from gwae_core.builtin.samplers import FlowSampler, GaussianMixtureSampler, GaussianSampler
from gwae_core.errors import ComponentError, DataError

rng = np.random.default_rng(0)
CONFIGS = [
    GaussianSampler.Config(),
    GaussianMixtureSampler.Config(num_components=3),
    FlowSampler.Config(steps=20),
]
each = pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.type)
MIXING = np.array([[3.0, 0.0], [1.0, 0.2]])


def correlated(n: int = 4000) -> np.ndarray:
    return rng.normal(size=(n, 2)) @ MIXING + np.array([5.0, -2.0])


@each
def test_equal_seeds_give_equal_samples(config) -> None:
    z = correlated(300)
    torch.manual_seed(0)
    state = torch.get_rng_state()
    drawn = []
    for fit, draw in ((0, 0), (0, 0), (0, 1)):
        sampler = config.build()
        sampler.fit(z, seed=fit)
        drawn.append(sampler.sample(50, seed=draw))
    assert torch.equal(state, torch.get_rng_state())
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert drawn[0].dtype == np.float32


@pytest.mark.parametrize(
    "config",
    [CONFIGS[0], CONFIGS[1], FlowSampler.Config(steps=300)],
    ids=lambda config: config.type,
)
def test_samples_have_the_moments_of_the_codes(config) -> None:
    z = correlated()
    sampler = config.build()
    sampler.fit(z, seed=0)
    drawn = sampler.sample(20_000, seed=1)
    tolerance = 0.15 if config.type == "flow" else 0.08
    np.testing.assert_allclose(drawn.mean(0), z.mean(0), atol=tolerance)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(z.T), atol=6 * tolerance, rtol=0.05)


def test_a_mixture_follows_clusters_where_a_gaussian_fills_the_space_between() -> None:
    z = rng.normal(size=(600, 2)) * 0.1 + 3 * np.sign(rng.normal(size=(600, 1)))
    between = []
    for config in (CONFIGS[0], GaussianMixtureSampler.Config(num_components=2)):
        sampler = config.build()
        sampler.fit(z, seed=0)
        between.append((np.abs(sampler.sample(2000, seed=0)).max(1) < 2).mean())
    assert between[0] > 0.3
    assert between[1] == 0.0


@pytest.mark.slow
def test_a_flow_follows_a_ring() -> None:
    angle = rng.uniform(0, 2 * np.pi, 1000)
    z = (1 + 0.05 * rng.normal(size=(1000, 1))) * np.stack([np.cos(angle), np.sin(angle)], 1)
    sampler = FlowSampler(FlowSampler.Config(steps=400))
    sampler.fit(10 * z + 3, seed=0)
    radius = np.linalg.norm((sampler.sample(1000, seed=0) - 3) / 10, axis=1)
    assert (np.abs(radius - 1) < 0.3).mean() > 0.85


def test_a_singular_covariance_keeps_samples_in_the_plane_of_the_codes() -> None:
    z = np.outer(rng.normal(size=100), [1.0, 2.0, 0.0]) + np.array([0, 0, 7])
    sampler = GaussianSampler(GaussianSampler.Config())
    sampler.fit(z, seed=0)
    drawn = sampler.sample(50, seed=0)
    np.testing.assert_allclose(drawn[:, 1], 2 * drawn[:, 0], atol=1e-5)
    np.testing.assert_allclose(drawn[:, 2], 7)


@each
def test_constant_codes_and_one_dimension_are_fitted(config) -> None:
    for z in (np.full((30, 2), 4.0), rng.normal(size=(30, 1)), rng.normal(size=(2, 3))):
        sampler = config.build()
        sampler.fit(z, seed=0)
        drawn = sampler.sample(5, seed=0)
        assert drawn.shape == (5, z.shape[1])
        assert np.isfinite(drawn).all()


@each
@pytest.mark.parametrize(
    ("z", "message"),
    [
        (np.zeros((1, 2)), "at least 2 codes"),
        (np.zeros(5), "array of shape \\(5,\\)"),
        (np.array([[0.0, np.nan], [1.0, 1.0]]), "NaN"),
    ],
)
def test_what_cannot_be_fitted_is_refused(config, z: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        config.build().fit(z, seed=0)


@each
def test_a_sampler_that_was_not_fitted_says_so(config) -> None:
    with pytest.raises(ComponentError, match=f"'{config.type}' was not fitted"):
        config.build().sample(3, seed=0)


def test_the_flow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwae_core.builtin.samplers.flow.find_spec", lambda name: None)
    with pytest.raises(ComponentError, match="needs the package zuko") as caught:
        FlowSampler(FlowSampler.Config())
    assert "gwae-core[flow]" in str(caught.value.hint)
