"""Estimator and divergence train from a configuration that names them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from gwae_core import RunConfig, run

EXAMPLE = Path(__file__).parents[1] / "examples" / "geomloss.yaml"


@pytest.mark.parametrize("compare", ["data", "posterior"])
def test_twenty_steps(compare: str, tmp_path: Path) -> None:
    config = RunConfig.from_mapping(
        {
            "latent_dim": 3,
            "data": "digits",
            "prior": {"type": "gaussian-mixture", "num_components": 3},
            "objective": {
                "type": "gwae",
                "compare": compare,
                "ground_cost": "sqeuclidean",
                "estimator": {"type": "geomloss", "epsilon": 0.2},
                "divergence": {"type": "gwae-geomloss:geomloss-sinkhorn"},
                # all steps see the prior, with its weights that learn
                "representation_share": 0,
            },
            "encoder": {"type": "mlp", "hidden": [16]},
            "decoder": {"type": "mlp", "hidden": [16]},
            "training": {"steps": 20, "batch_size": 16},
            "metrics": ["reconstruction"],
        }
    )
    result = run(config, out=tmp_path / "run", report=False)
    assert result.metrics
    assert all(math.isfinite(value) for value in result.metrics.values())


@pytest.mark.slow
def test_example(tmp_path: Path) -> None:
    config = RunConfig.from_file(EXAMPLE, overrides=("training.steps=3",))
    result = run(config, out=tmp_path / "run", report=False)
    assert all(math.isfinite(value) for value in result.metrics.values())
