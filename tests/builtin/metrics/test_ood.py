from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gwae_core.builtin.divergences import Critic
from gwae_core.builtin.metrics import OutOfDistributionMetric
from gwae_core.builtin.priors import Normal
from gwae_core.context import BuildContext
from gwae_core.errors import DataError
from gwae_core.interfaces import Evaluated, Interval, Measured, MetricInput
from gwae_core.posteriors import DeterministicPosterior

rng = np.random.default_rng(0)
SIDE = 4


def bright(n: int, level: float) -> np.ndarray:
    noise = 0.05 * rng.normal(size=(n, 1, SIDE, SIDE))
    return np.clip(level + noise, 0, 1).astype(np.float32)


class Means(nn.Module):
    """Codes are the mean and the deviation of an image from one half, ten times as large."""

    def __init__(self, *, critic: bool, prior: bool) -> None:
        super().__init__()
        context = BuildContext.for_shape((1, SIDE, SIDE), 2)
        torch.manual_seed(0)
        if critic:
            self.divergence = Critic(Critic.Config(channels=2, width=8, features=4), context)
        if prior:
            self.prior = Normal(Normal.Config(), context)

    def encode(self, x: Tensor) -> DeterministicPosterior:
        flat = x.flatten(1)
        return DeterministicPosterior(10 * torch.stack([flat.mean(1) - 0.5, flat.std(1)], 1))

    def decode(self, z: Tensor) -> Tensor:
        return (z[:, :1] / 10 + 0.5).repeat(1, SIDE**2).reshape(-1, 1, SIDE, SIDE)


def given(*, critic: bool = False, prior: bool = True) -> MetricInput:
    model = Means(critic=critic, prior=prior).eval()
    parts = []
    for x in (bright(100, 0.5), bright(60, 0.5)):
        z = model.encode(torch.from_numpy(x)).mean
        parts.append(Evaluated(x, z.numpy(), model.decode(z).numpy()))
    return MetricInput(model, *parts)  # type: ignore[arg-type]


@pytest.fixture
def outside(tmp_path: Path) -> dict[str, Any]:
    """A brighter data set."""
    np.save(tmp_path / "bright.npy", bright(40, 0.8))
    return {"type": "arrays", "path": tmp_path / "bright.npy"}


def compute(data: MetricInput, /, **fields: Any) -> dict[str, Measured]:
    metric = OutOfDistributionMetric(OutOfDistributionMetric.Config(**fields))
    assert metric.applies(data)
    return dict(metric.compute(data))


def test_a_brighter_set_is_told_by_code_density_and_brightness_but_not_by_the_error(outside):
    found = compute(given(), data=outside)
    for score in ("density", "neighbors", "pixel-mean"):
        assert found[f"{score}.auroc"] == 1.0
        assert found[f"{score}.fpr95"] == 0.0
        np.testing.assert_array_equal(found[f"{score}.roc"][:, -1], [1, 1])
    assert 0.2 < found["reconstruction.auroc"] < 0.8
    assert found["outside.share"] == pytest.approx(0.4)
    assert not any(name.startswith("critic") for name in found)


def test_a_model_without_density_or_critic_has_the_scores_of_every_model(outside):
    found = compute(given(prior=False), data=outside)
    scores = {name.partition(".")[0] for name in found}
    assert scores == {"reconstruction", "neighbors", "pixel-mean", "outside"}


def test_the_critic_scores_pairs_that_the_model_generates(outside):
    data = given(critic=True)
    whole = OutOfDistributionMetric(OutOfDistributionMetric.Config(data=outside))
    scores = whole._scores(data.test, data)["critic"]
    z, x_hat = torch.from_numpy(data.test.z), torch.from_numpy(data.test.x_hat)
    u = (x_hat - data.model.divergence.mean) / data.model.divergence.scale
    with torch.no_grad():
        expected = -data.model.divergence.network(u, z)
    np.testing.assert_allclose(scores, expected.numpy(), rtol=1e-5)
    assert 0 <= compute(data, data=outside)["critic.auroc"] <= 1


def test_the_same_distribution_cannot_be_told_apart(tmp_path):
    np.save(tmp_path / "same.npy", bright(200, 0.5))
    found = compute(given(), data={"type": "arrays", "path": tmp_path / "same.npy"})
    for score in ("density", "neighbors", "pixel-mean", "reconstruction"):
        assert 0.35 < found[f"{score}.auroc"] < 0.65


def test_a_label_points_and_intervals(outside):
    found = compute(given(), data=outside, label="bright", points=30, bootstrap=50)
    assert all(name.startswith("bright.") for name in found)
    assert found["bright.outside.share"] == 0.5
    assert isinstance(found["bright.reconstruction.auroc"], Interval)
    assert found["bright.reconstruction.auroc"].low < found["bright.reconstruction.auroc"].high
    again = compute(given(), data=outside, label="bright", points=30, bootstrap=50)
    assert found["bright.neighbors.auroc"] == again["bright.neighbors.auroc"]


@pytest.mark.parametrize("shape", [(20, 1, 5, 5), (20, 16), (20, 3, SIDE, SIDE)])
def test_data_of_another_shape_are_refused(tmp_path, shape):
    np.save(tmp_path / "other.npy", np.zeros(shape, np.float32) + rng.random((20, *shape[1:])))
    with pytest.raises(DataError, match="the model takes points of \\(1, 4, 4\\)"):
        compute(given(), data={"type": "arrays", "path": tmp_path / "other.npy"})


def test_a_set_must_be_named():
    with pytest.raises(ValueError, match="data"):
        OutOfDistributionMetric.Config()
