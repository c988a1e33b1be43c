"""Write the stored run of format 1, and every component's fields as that format writes them.

Run it once for a new format, under the new format's name; what is stored is never made again.
Later versions must read both: ``python tests/data/make_run_v1.py`` in the repository's root.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

from gwae_core import RunConfig, run
from gwae_core.plugins import registry
from gwae_core.registry import CORE

FOLDER = Path(__file__).parent
CONFIG = {
    "latent_dim": 2,
    "data": {"type": "digits"},
    "split": {"test": 0.05},
    "encoder": {"type": "mlp", "hidden": [8]},
    "decoder": {"type": "mlp", "hidden": [8]},
    "prior": {"type": "gaussian-mixture", "num_components": 4},
    "objective": {"type": "gwae", "estimator": {"type": "paired"}},
    "training": {"steps": 400, "batch_size": 64, "threads": 1},
    "metrics": ["reconstruction", "geometry"],
}
NEEDED = {"arrays": {"path": "data.npz"}, "idx": {"folder": "mnist"}}
"""What must be given for the components that have no defaults."""


def store_run(folder: Path) -> None:
    """A small run: its configuration, weights, split and metrics."""
    result = run(RunConfig.from_mapping(CONFIG), out=folder, report=False)
    environment = folder / "environment.json"
    facts = json.loads(environment.read_text())
    # The machine that it was made on says nothing to anybody.
    facts["versions"]["platform"] = "Linux"
    environment.write_text(json.dumps(facts, indent=2) + "\n")
    print(folder, dict(result.metrics))


def store_fields(path: Path) -> None:
    """Every component of core with all its fields written out."""
    found: dict[str, dict[str, object]] = {}
    for entry in registry():
        if entry.source.distribution != CORE:
            continue
        config = entry.component.Config
        values = config(**NEEDED.get(entry.component.name(), {})).model_dump(mode="json")
        found.setdefault(entry.component.kind, {})[entry.component.name()] = values
    path.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    store_run(FOLDER / "run_v1")
    store_fields(FOLDER / "components_v1.json")
