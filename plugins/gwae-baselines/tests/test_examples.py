"""Every baseline has an example, over the same networks and steps as the others, and it trains."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from gwae_core import RunConfig, run

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "docs/examples/baselines").glob("*.yaml"))
NAMES = {
    "ae",
    "ali",
    "avb",
    "beta-tcvae",
    "beta-vae",
    "dagmm",
    "dip-vae",
    "factor-vae",
    "geco",
    "gromov-monge-vae",
    "info-vae",
    "isometric-ae",
    "ladder-vae",
    "rae",
    "sigma-vae",
    "sinkhorn-ae",
    "swae",
    "two-stage-vae",
    "vade",
    "vae",
    "vae-gan",
    "vamp-vae",
    "vlae",
    "wae-gan",
    "wae-mmd",
}
"""Baselines that must have an example."""


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_baseline_has_an_example() -> None:
    assert {path.stem for path in EXAMPLES} >= NAMES


def test_networks_optimiser_and_steps_are_the_same_for_all(example: Path) -> None:
    """Only what makes the method differs: kind of posterior, prior, reconstruction, objective."""
    config, plain = RunConfig.from_file(example), RunConfig()
    assert config.training == plain.training.model_copy(update={"steps": 2000})
    assert config.latent_dim == 16
    assert config.data == plain.data
    assert config.split == plain.split
    assert config.encoder.hidden == plain.encoder.hidden
    assert config.decoder == plain.decoder


def trained(example: Path, folder: Path, steps: int) -> dict[str, float]:
    """Metrics of the reconstruction after some steps; the other metrics take longer than those."""
    short = (f"training.steps={steps}", "training.threads=1", "metrics=[reconstruction]")
    config = RunConfig.from_file(example, overrides=short)
    return dict(run(config, out=folder / "run", report=False).metrics)


def test_it_trains(example: Path, tmp_path: Path) -> None:
    metrics = trained(example, tmp_path, 10)
    assert metrics
    assert all(math.isfinite(value) for value in metrics.values())


@pytest.mark.slow
def test_it_does_not_diverge(example: Path, tmp_path: Path) -> None:
    """Over a fifth of its steps; `ali` alone has no term that asks for reconstruction by then."""
    error = trained(example, tmp_path, 400)["reconstruction.relative_mse"]
    assert error < (1 if example.stem != "ali" else 10)
