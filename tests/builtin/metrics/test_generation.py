from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gwae_core.builtin.features import ClassifierFeatures, InceptionFeatures, Pixels
from gwae_core.builtin.metrics import GenerationMetric
from gwae_core.builtin.samplers import GaussianSampler
from gwae_core.errors import ComponentError
from gwae_core.evaluation import frechet_distance, kernel_distance, manifold_scores
from gwae_core.interfaces import Evaluated, Interval, Measured, MetricInput

rng = np.random.default_rng(0)
CODES = rng.normal(size=(300, 2)).astype(np.float32)
LABELS = (CODES[:, 0] > 0).astype(np.int64)


class Copies(torch.nn.Module):
    """A model whose data are the codes beside their negatives, and whose prior may be wide."""

    def __init__(self, spread: float = 1.0, shape: tuple[int, ...] = (4,)) -> None:
        super().__init__()
        self.spread, self.shape = spread, shape

    def decode(self, z: Tensor) -> Tensor:
        return torch.cat([z, -z], dim=1).reshape(-1, *self.shape)

    def sample_latent(self, n: int, *, generator: torch.Generator) -> Tensor:
        return self.spread * torch.randn(n, 2, generator=generator)


def given(spread: float = 1.0, shape: tuple[int, ...] = (4,), labels: Any = LABELS) -> MetricInput:
    model = Copies(spread, shape)
    x = model.decode(torch.from_numpy(CODES)).numpy()
    parts = [
        Evaluated(x[rows], CODES[rows], x[rows], None if labels is None else labels[rows])
        for rows in (slice(200), slice(200, 300))
    ]
    return MetricInput(model, *parts, seed=3)  # type: ignore[arg-type]


def compute(data: MetricInput, **fields: Any) -> dict[str, Measured]:
    metric = GenerationMetric(GenerationMetric.Config(**fields))
    assert metric.applies(data)
    return dict(metric.compute(data))


def test_the_numbers_are_those_of_samples_against_the_test_split() -> None:
    data = given()
    found = compute(data, features="pixels")
    z = torch.randn(100, 2, generator=torch.Generator().manual_seed(3))
    y = data.model.decode(z).numpy()
    scores = manifold_scores(data.test.x, y)
    assert found == {
        "pixels.fid": pytest.approx(frechet_distance(data.test.x, y)),
        "pixels.kid": pytest.approx(kernel_distance(data.test.x, y)),
        "pixels.real_count": 100.0,
        "pixels.generated_count": 100.0,
        **{f"pixels.{k}": getattr(scores, k).mean() for k in vars(scores)},
    }
    assert found == compute(data, features="pixels")


def test_a_wrong_prior_is_told_from_a_right_one_and_a_sampler_mends_it() -> None:
    right, wide = given(), given(spread=4.0)
    sampled = compute(wide, features=Pixels.Config(), sampler=GaussianSampler.Config())
    values = {
        "right": compute(right, features="pixels")["pixels.fid"],
        "wide": compute(wide, features="pixels")["pixels.fid"],
        "mended": sampled["pixels.gaussian.fid"],
    }
    assert values["wide"] > 20 * values["right"]
    assert values["mended"] < 3 * values["right"]
    assert all(name.startswith("pixels.gaussian.") for name in sampled)


def test_counts_are_fields() -> None:
    found = compute(given(), features="pixels", real=40, generated=70)
    assert (found["pixels.real_count"], found["pixels.generated_count"]) == (40, 70)


def test_too_few_samples_for_the_features_are_in_the_name() -> None:
    found = compute(given(shape=(1, 2, 2)))  # 100 points and 64 features
    assert "random-convolutions.fid" in found
    found = compute(given(shape=(1, 2, 2)), generated=50)
    assert "random-convolutions.singular.fid" in found
    assert "random-convolutions.fid" not in found


def test_the_classifier_is_trained_on_the_training_split() -> None:
    found = compute(given(), features={"type": "classifier", "steps": 20})
    assert found["classifier.precision"] > 0.5


def test_intervals_are_of_the_scores_that_are_means_over_points() -> None:
    found = compute(given(), features="pixels", bootstrap=200)
    with_ends = {name for name, value in found.items() if isinstance(value, Interval)}
    assert with_ends == {f"pixels.{k}" for k in ("precision", "recall", "density", "coverage")}


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ({}, given()),  # images alone
        ({"features": ClassifierFeatures.Config()}, given(labels=None)),
        ({"features": ClassifierFeatures.Config()}, given(labels=np.zeros(300, np.int64))),
        ({"features": "pixels", "wide_neighbors": 100}, given()),
    ],
)
def test_data_that_the_extractor_cannot_take_are_skipped(fields: Any, data: MetricInput) -> None:
    assert not GenerationMetric(GenerationMetric.Config(**fields)).applies(data)


def test_inception_without_weights_is_an_error_and_no_skipped_metric() -> None:
    data = given(shape=(1, 2, 2))
    with pytest.raises(ComponentError, match="need a file of weights"):
        compute(data, features=InceptionFeatures.Config())
