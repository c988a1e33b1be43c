from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gwae_core.config import RunConfig
from gwae_core.context import Batch, BuildContext
from gwae_core.errors import ComponentError, DataError, TrainingError
from gwae_core.evaluate import evaluate, load_evaluation, save_evaluation
from gwae_core.interfaces import (
    DataArrays,
    Interval,
    Losses,
    Measured,
    Metric,
    MetricInput,
    MixturePrior,
    Objective,
    Posterior,
)
from gwae_core.posteriors import DeterministicPosterior


class Corners(MixturePrior):
    """Normals of equal weight at 2 e_k."""

    class Config(MixturePrior.Config):
        type: Literal["corners"] = "corners"

    def __init__(self, config: Config, context: BuildContext) -> None:
        super().__init__(config, context)
        self.num_components = self.latent_dim
        self.centres = nn.Parameter(2 * torch.eye(self.latent_dim))

    def responsibilities(self, z: Tensor) -> Tensor:
        return (-0.5 * torch.cdist(z, self.centres).square()).softmax(1)

    def log_prob(self, z: Tensor) -> Tensor:
        return (-0.5 * torch.cdist(z, self.centres).square()).logsumexp(1)

    def sample_component(
        self, component: int, n: int, *, generator: torch.Generator | None = None
    ) -> Tensor:
        return self.centres[component] + self.noise(n, generator=generator)

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        chosen = torch.arange(n) % self.num_components
        return self.centres[chosen] + self.noise(n, generator=generator)


class Linear(Objective):
    """Encodes by keeping the first coordinates, decodes by padding with zeros."""

    class Config(Objective.Config):
        type: Literal["linear"] = "linear"

    def __init__(self, shape: tuple[int, ...], latent_dim: int, *, mixture: bool = True) -> None:
        super().__init__(self.Config())
        self.shape, self.latent_dim = shape, latent_dim
        context = BuildContext.for_shape(shape, latent_dim)
        self.prior = Corners(Corners.Config(), context) if mixture else nn.Identity()
        self.dropout = nn.Dropout(0.5)
        self.gain = nn.Parameter(torch.ones(()))

    def groups(self) -> list[object]:  # type: ignore[override]
        return []

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        return Losses({"none": torch.zeros(())})

    def encode(self, x: Tensor) -> Posterior:
        return DeterministicPosterior(self.dropout(x.flatten(1)[:, : self.latent_dim]) * self.gain)

    def decode(self, z: Tensor) -> Tensor:
        count = int(np.prod(self.shape))
        return nn.functional.pad(z, (0, count - self.latent_dim)).reshape(-1, *self.shape)

    def sample_latent(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.randn(n, self.latent_dim, generator=generator)


def arrays(n: int, shape: tuple[int, ...], *, seed: int, labels: bool = True) -> DataArrays:
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    x = rng.uniform(0, 0.2, size=(n, int(np.prod(shape))))
    x[np.arange(n), y] += 0.7
    return DataArrays(
        x.reshape(n, *shape).astype(np.float32),
        y if labels else None,
        label_names=("a", "b", "c") if labels else None,
    )


METRICS = [metric.build() for metric in RunConfig().metrics]
IMAGE, TABLE = (1, 2, 3), (6,)


def test_images_with_labels_and_a_mixture_prior_have_every_figure() -> None:
    test = arrays(90, IMAGE, seed=1)
    found = evaluate(Linear(IMAGE, 4), arrays(200, IMAGE, seed=0), test, METRICS, seed=0)
    shapes = {name: array.shape for name, array in found.figures.items()}
    assert shapes == {
        "x": (32, *IMAGE),
        "x_hat": (32, *IMAGE),
        "x_label": (32,),
        "samples": (64, *IMAGE),
        "z": (90, 4),
        "z_2d": (90, 2),
        "y": (90,),
        "d_x": (90 * 89 // 2,),
        "d_z": (90 * 89 // 2,),
        "traversals": (4, 17, *IMAGE),
        "traversal_dims": (4,),
        "traversal_z": (4, 17),
        "component_weights": (4,),
        "component_counts": (4,),
        "component_shown": (4,),
        "component_samples": (4, 8, *IMAGE),
        "cluster_names": (3,),
        "cluster_labels": (3,),
        "cluster_contingency": (3, 3),
        "cluster_shown": (3,),
        "cluster_counts": (3,),
        "cluster_examples": (3, 8, *IMAGE),
        "cluster_example_labels": (3, 8),
        "coupling_codes": (64, 64),
        "coupling_groups": (64,),
        "coupling_prior": (64, 64),
        "coupling_components": (64,),
        "clustering.k_curve": (3, 11),
    }
    assert found.facts == {
        "data_shape": [1, 2, 3],
        "label_names": ["a", "b", "c"],
        "factor_names": None,
        "intervals": {},
        "counts": {"train": 200, "test": 90},
        "latent_dim": 4,
        "metrics": ["reconstruction", "clustering", "geometry"],
        "skipped": [],
        "d_x_name": "euclidean",
        "seed": 0,
        "slope": found.facts["slope"],
        "embedding": "PCA",
        "clusters": "prior",
    }
    assert found.metrics["clustering.prior.accuracy"] == 1.0
    assert found.metrics["clustering.prior.components"] == 3.0
    assert found.figures["component_counts"].sum() == 90
    assert found.figures["component_weights"] == pytest.approx(np.full(4, 0.25), abs=0.02)
    assert {"reconstruction.psnr", "geometry.euclidean.spearman"} <= found.metrics.keys()


def test_tables_without_labels_leave_out_what_does_not_apply() -> None:
    train, test = (arrays(n, TABLE, seed=n, labels=False) for n in (100, 40))
    found = evaluate(Linear(TABLE, 2, mixture=False), train, test, METRICS, seed=0)
    assert found.facts["skipped"] == ["clustering"]
    assert found.facts["label_names"] is None
    assert not any(name.startswith(("clustering", "reconstruction.psnr")) for name in found.metrics)
    assert not any(name.startswith("component") for name in found.figures)
    assert found.figures["x"].shape == (40, 6)
    assert "y" not in found.figures and "x_label" not in found.figures


def test_a_model_that_keeps_everything_is_scored_as_exact_on_the_test_split() -> None:
    train, test = arrays(100, TABLE, seed=0), arrays(40, TABLE, seed=1)
    found = evaluate(Linear(TABLE, 6), train, test, METRICS[::2], seed=0)
    assert found.metrics["reconstruction.mse"] == 0.0
    assert found.metrics["geometry.euclidean.distortion"] == pytest.approx(0, abs=1e-5)
    assert found.facts["slope"] == pytest.approx(1.0)


def test_the_numbers_do_not_depend_on_the_batch_size_and_repeat_with_the_seed() -> None:
    train, test, model = arrays(100, IMAGE, seed=0), arrays(40, IMAGE, seed=1), Linear(IMAGE, 4)
    first = evaluate(model, train, test, METRICS, seed=0)
    second = evaluate(model, train, test, METRICS, seed=0, batch_size=7)
    assert first.metrics == second.metrics
    for name, array in first.figures.items():
        np.testing.assert_array_equal(array, second.figures[name])


def test_the_model_is_evaluated_in_evaluation_mode_and_left_as_it_was() -> None:
    model = Linear(TABLE, 6)
    model.prior.eval()
    found = evaluate(model, arrays(50, TABLE, seed=0), arrays(40, TABLE, seed=1), METRICS, seed=0)
    assert found.metrics["reconstruction.mse"] == 0.0  # dropout would not give it
    assert model.training and model.dropout.training and not model.prior.training


def test_traversals_move_one_latent_dimension_at_a_time() -> None:
    train, test = arrays(100, TABLE, seed=0), arrays(40, TABLE, seed=1)
    figures = evaluate(Linear(TABLE, 4), train, test, [], seed=0).figures
    spread = test.x[:, :4].std(axis=0)
    np.testing.assert_array_equal(figures["traversal_dims"], np.argsort(-spread))
    for row, dim in enumerate(figures["traversal_dims"]):
        decoded = figures["traversals"][row]  # (17, 6)
        np.testing.assert_allclose(decoded[:, dim], figures["traversal_z"][row], rtol=1e-5)
        np.testing.assert_allclose(
            decoded[[0, -1], dim],
            test.x[:, dim].mean() + np.array([-2.5, 2.5]) * spread[dim],
            rtol=1e-4,
        )
        others = np.delete(decoded, dim, axis=1)
        np.testing.assert_array_equal(others, np.broadcast_to(others[:1], others.shape))


def test_clusters_are_counted_against_labels_with_examples_of_their_own() -> None:
    train, test = arrays(200, IMAGE, seed=0), arrays(90, IMAGE, seed=1)
    figures = evaluate(Linear(IMAGE, 4), train, test, [], seed=0).figures
    table = figures["cluster_contingency"]
    np.testing.assert_array_equal(table, np.diag(np.bincount(test.y)))  # the corners are the labels
    np.testing.assert_array_equal(figures["cluster_counts"], np.sort(np.bincount(test.y))[::-1])
    for name, images, labels in zip(
        figures["cluster_shown"],
        figures["cluster_examples"],
        figures["cluster_example_labels"],
        strict=True,
    ):
        assert (labels == name).all()
        assert (images.reshape(8, -1).argmax(1) == name).all()


def test_clusters_of_a_prior_that_is_no_mixture_are_those_of_k_means() -> None:
    train, test = arrays(200, IMAGE, seed=0), arrays(8, IMAGE, seed=1)
    found = evaluate(Linear(IMAGE, 4, mixture=False), train, test, [], seed=0)
    assert found.facts["clusters"] == "kmeans"
    assert sorted(found.figures["cluster_contingency"].max(0)) == sorted(np.bincount(test.y))
    missing = found.figures["cluster_example_labels"] == -1
    np.testing.assert_array_equal((~missing).sum(1), found.figures["cluster_counts"])
    assert not found.figures["cluster_examples"][missing].any()
    assert "coupling_prior" not in found.figures


def test_the_coupling_of_a_model_that_keeps_everything_is_the_identity() -> None:
    train, test = arrays(100, TABLE, seed=0), arrays(100, TABLE, seed=1)
    figures = evaluate(Linear(TABLE, 6), train, test, [], seed=0).figures
    np.testing.assert_allclose(figures["coupling_codes"], np.eye(64) / 64, atol=1e-6)
    groups = figures["coupling_groups"]
    assert (np.diff(groups) >= 0).all() and len(np.unique(groups)) == 3
    components = figures["coupling_components"]
    changes = np.flatnonzero(np.diff(components)) + 1
    assert len(changes) == len(np.unique(components)) - 1  # each component is one block


def test_a_single_test_point_has_no_coupling() -> None:
    train, test = arrays(100, TABLE, seed=0), arrays(1, TABLE, seed=1)
    figures = evaluate(Linear(TABLE, 6), train, test, [], seed=0).figures
    assert not any(name.startswith("coupling") for name in figures)


def test_given_distances_are_those_of_the_figure_and_of_the_metric() -> None:
    train, test = arrays(100, TABLE, seed=0), arrays(40, TABLE, seed=1)
    d_x = np.abs(test.x[:, :1] - test.x[:, :1].T)
    found = evaluate(
        Linear(TABLE, 1), train, test, METRICS[2:], seed=0, d_x=d_x, d_x_name="geodesic"
    )
    assert found.facts["d_x_name"] == "geodesic"
    np.testing.assert_allclose(found.figures["d_x"], found.figures["d_z"], atol=1e-6)
    assert found.metrics["geometry.geodesic.spearman"] == pytest.approx(1.0)
    with pytest.raises(DataError, match=r"must be \(40, 40\), got \(39, 39\)"):
        evaluate(Linear(TABLE, 1), train, test, [], seed=0, d_x=d_x[1:, 1:])


def test_an_empty_split_is_refused() -> None:
    empty, full = arrays(0, TABLE, seed=0), arrays(9, TABLE, seed=0)
    with pytest.raises(DataError, match="the test split is empty"):
        evaluate(Linear(TABLE, 2), full, empty, [], seed=0)


def test_codes_that_are_not_finite_are_an_error() -> None:
    model = Linear(TABLE, 2)
    model.gain.data.fill_(float("nan"))
    with pytest.raises(TrainingError, match="codes of the trained model hold NaN"):
        evaluate(model, arrays(9, TABLE, seed=0), arrays(9, TABLE, seed=1), [], seed=0)


class Undefined(Metric):
    """Not a number."""

    class Config(Metric.Config):
        type: Literal["undefined"] = "undefined"

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        return {"fine": 1.0, "ratio": float("nan")}


def test_a_metric_without_a_value_is_named() -> None:
    train, test = arrays(9, TABLE, seed=0), arrays(9, TABLE, seed=1)
    with pytest.raises(ComponentError, match=r"not finite: undefined\.ratio"):
        evaluate(Linear(TABLE, 2), train, test, [Undefined(Undefined.Config())], seed=0)


class Shares(Metric):
    """A number with an interval, and an array."""

    class Config(Metric.Config):
        type: Literal["shares"] = "shares"

    def compute(self, data: MetricInput) -> Mapping[str, Measured]:
        return {"a": Interval(0.5, 0.4, 0.7), "b": 2.0, "of_each": data.test.z.var(0)}


def test_intervals_and_arrays_are_kept_apart_from_the_numbers() -> None:
    train, test = arrays(9, TABLE, seed=0), arrays(9, TABLE, seed=1)
    found = evaluate(Linear(TABLE, 2), train, test, [Shares(Shares.Config())], seed=0)
    assert found.metrics == {"shares.a": 0.5, "shares.b": 2.0}
    assert found.facts["intervals"] == {"shares.a": [0.4, 0.7]}
    assert found.figures["shares.of_each"].shape == (2,)


def test_a_metric_listed_twice_is_refused() -> None:
    train, test = arrays(9, TABLE, seed=0), arrays(9, TABLE, seed=1)
    with pytest.raises(ComponentError, match=r"two metrics give the value 'reconstruction\.mse'"):
        evaluate(Linear(TABLE, 2), train, test, [METRICS[0], METRICS[0]], seed=0)


def test_an_evaluation_survives_the_run_folder(tmp_path: Path) -> None:
    train, test = arrays(60, IMAGE, seed=0), arrays(40, IMAGE, seed=1)
    found = evaluate(Linear(IMAGE, 4), train, test, METRICS, seed=0)
    save_evaluation(tmp_path, found)
    loaded = load_evaluation(tmp_path)
    assert loaded.metrics == found.metrics and loaded.facts == found.facts
    for name, array in found.figures.items():
        np.testing.assert_array_equal(loaded.figures[name], array)
