"""Run folders as a run leaves them, made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gwae_core.evaluation.stored import Evaluation, save_evaluation
from gwae_core.report import write_report

CONFIG = """\
seed: 7
latent_dim: 3
data: {type: shapes}
encoder: {type: mlp}
decoder: {type: mlp}
prior: {type: gaussian-mixture}
objective: {type: gwae}
"""

METRICS = {
    "reconstruction.mse": 0.0071,
    "reconstruction.relative_mse": 0.096,
    "geometry.euclidean.spearman": 0.69,
    "geometry.geodesic.spearman": 0.917,
    "geometry.geodesic.continuity": 0.991,
}
CLUSTERING = {
    "clustering.prior.components": 4.0,
    "clustering.prior.accuracy": 0.9471,
    "clustering.prior.nmi": 0.9146,
    "clustering.pixel-kmeans.accuracy": 0.7716,
}


def evaluation(
    shape: tuple[int, ...], *, labels: bool = True, mixture: bool = True, n: int = 60
) -> Evaluation:
    rng = np.random.default_rng(0)

    def data(*leading: int) -> np.ndarray:
        return rng.uniform(size=(*leading, *shape)).astype(np.float32)

    z = rng.normal(size=(n, 3)).astype(np.float32)
    figures: dict[str, np.ndarray] = {
        "x": data(16),
        "x_hat": data(16),
        "samples": data(64),
        "z": z,
        "z_2d": z[:, :2],
        "d_x": rng.uniform(1, 3, size=500).astype(np.float32),
        "d_z": rng.uniform(1, 2, size=500).astype(np.float32),
        "traversals": data(3, 9),
        "traversal_dims": np.array([2, 0, 1]),
        "traversal_z": np.tile(np.linspace(-2, 2, 9), (3, 1)),
    }
    if labels:
        figures |= {"y": rng.integers(3, size=n), "x_label": np.arange(16) % 3}
    if mixture:
        figures |= {
            "component_weights": np.array([0.1, 0.5, 0.0, 0.4]),
            "component_counts": np.array([1, 1234, 0, 20]),
            "component_shown": np.array([1, 3, 0, 2]),
            "component_samples": data(4, 8),
        }
    facts: dict[str, Any] = {
        "data_shape": list(shape),
        "label_names": ["round", "<square>", "flat"] if labels else None,
        "counts": {"train": 200, "test": n},
        "d_x_name": "geodesic",
        "slope": 1.25,
        "embedding": "PCA",
        "skipped": [] if labels else ["clustering"],
        "seed": 7,
    }
    return Evaluation({**METRICS, **(CLUSTERING if labels else {})}, figures, facts)


def grown(found: Evaluation) -> Evaluation:
    """The evaluation with clusters, couplings, factors and other data; of images with labels."""
    rng = np.random.default_rng(1)
    images, shape = found.figures["x"], found.facts["data_shape"]
    plan = np.eye(12)[[0, 1, 2, 4, 3, 5, 6, 7, 8, 9, 11, 10]] / 12
    examples = np.broadcast_to(images[:4, None], (4, 8, *shape)).copy()
    rates = np.linspace(0, 1, 21)
    figures = {
        "cluster_names": np.array([0, 1, 3, 7]),
        "cluster_labels": np.arange(3),
        "cluster_contingency": np.array([[0, 19, 0, 1], [20, 1, 0, 0], [0, 0, 18, 1]]),
        "cluster_shown": np.array([0, 1, 3, 7]),
        "cluster_counts": np.array([20, 20, 18, 2]),
        "cluster_examples": examples,
        "cluster_example_labels": np.repeat([[1], [0], [2], [-1]], 8, axis=1),
        "coupling_codes": plan,
        "coupling_groups": np.repeat([0, 1, 2], 4),
        "coupling_prior": np.full((12, 12), 1 / 144),
        "coupling_components": np.repeat([3, 0], 6),
        "dci.gbt.importance": rng.dirichlet(np.ones(3), size=2).T,
        "mig.mutual_information": rng.uniform(size=(3, 2)),
        "ood.reconstruction.roc": np.stack([rates, np.sqrt(rates)]),
        "ood.pixel-mean.roc": np.stack([rates, rates]),
    }
    metrics = {
        "dci.gbt.disentanglement": 0.25,
        "mig.score": 0.125,
        "ood.reconstruction.auroc": 2 / 3,
        "ood.pixel-mean.auroc": 0.5,
    }
    facts = {
        "clusters": "prior",
        "factor_names": ["<size>", "shade_of_grey"],
        "intervals": {"ood.reconstruction.auroc": [0.6, 0.7], "mig.score": [0.1, 0.2]},
    }
    return Evaluation(
        {**found.metrics, **metrics}, {**found.figures, **figures}, {**found.facts, **facts}
    )


def training_record(step: int, stage: str = "representation") -> dict[str, Any]:
    terms = {"reconstruction": 100 / step, "gw": 0.5, "entropy": -0.1}
    return {
        "event": "train",
        "step": step,
        "stage": stage,
        "terms": terms,
        "total": sum(terms.values()),
        "gradient_norm": {name: abs(value) for name, value in terms.items()},
        "observed": {"active_units": 3.0, "posterior_scale": 1.2, "prior_mean": 0.0},
        "learning_rate": 1e-3,
        "steps_per_second": 50.0,
    }


RECORDS: list[dict[str, Any]] = [
    {"event": "start", "step": 0, "train": 200, "validation": 20, "test": 60, "parameters": 12345},
    {"event": "stage", "step": 0, "stage": "representation"},
    *(training_record(step) for step in (1, 50, 100)),
    {"event": "validation", "step": 100, "terms": {"reconstruction": 1.1}, "total": 1.1},
    {"event": "stage", "step": 100, "stage": "joint"},
    *(training_record(step, "joint") for step in (150, 200)),
    {
        "event": "warning",
        "step": 150,
        "message": "the posterior collapsed: 1 of its coordinates depends on <data>",
        "remedy": "lower weights.divergence",
    },
    {"event": "end", "step": 200, "seconds": 83.4},
]

MakeRun = Callable[..., Path]


def write_run(
    folder: Path, found: Evaluation | None, records: list[dict[str, Any]] | None = None
) -> Path:
    """Write a run folder from an evaluation and records; either may be missing."""
    folder.mkdir()
    (folder / "config.yaml").write_text(CONFIG)
    facts = {"started": "2025-01-31T10:20:30+00:00", "versions": {"torch": "2.13.0"}}
    (folder / "environment.json").write_text(json.dumps(facts))
    if records is not None:
        lines = [json.dumps(record) for record in records]
        (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    if found is not None:
        save_evaluation(folder, found)
    return folder


@pytest.fixture(scope="session")
def full_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on images with all that a report draws, with its report; not to be changed."""
    found = grown(evaluation((1, 8, 8)))
    folder = write_run(tmp_path_factory.mktemp("runs") / "a-run", found, RECORDS)
    write_report(folder)
    return folder


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    return lambda found, records=None: write_run(tmp_path / "a-run", found, records)


@pytest.fixture
def make_evaluation() -> Callable[..., Evaluation]:
    return evaluation


@pytest.fixture
def whole() -> Evaluation:
    """An evaluation that holds all that a report draws."""
    return grown(evaluation((1, 8, 8)))
