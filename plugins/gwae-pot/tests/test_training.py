"""Every estimator trains from a configuration that names it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from gwae_core import RunConfig, run

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.yaml"))
CHEAP = {"type": "pot-entropic", "epsilon": 0.3, "max_iter": 30, "sinkhorn_max_iter": 50}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("data", {"type": "pot-exact"}),
    ("posterior", {"type": "pot-exact"}),
    ("generated", {"type": "pot-exact"}),
    ("data", CHEAP),
    ("posterior", {**CHEAP, "method": "ppa"}),
    ("data", {"type": "pot-semirelaxed"}),
    ("data", {"type": "pot-partial", "mass": 0.8}),
    ("data", {"type": "pot-fused"}),
    ("posterior", {"type": "pot-fused", "features": "pairs"}),
    ("generated", {"type": "gwae-pot:pot-fused", "features": "pairs"}),
]


@pytest.mark.parametrize(
    ("compare", "estimator"), CASES, ids=[f"{c}-{e['type']}" for c, e in CASES]
)
def test_twenty_steps(compare: str, estimator: dict[str, Any], tmp_path: Path) -> None:
    config = RunConfig.from_mapping(
        {
            "latent_dim": 3,
            "data": "digits",
            "prior": {"type": "gaussian-mixture", "num_components": 3},
            "objective": {
                "type": "gwae",
                "compare": compare,
                "estimator": estimator,
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


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_examples(path: Path, tmp_path: Path) -> None:
    overrides = ("training.steps=5", "training.batch_size=32", "metrics=[reconstruction]")
    config = RunConfig.from_file(path, overrides=overrides)
    result = run(config, out=tmp_path / "run", report=False)
    assert all(math.isfinite(value) for value in result.metrics.values())
