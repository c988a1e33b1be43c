"""What is read of finished runs: text and numbers, no component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwae_core.config import read_text
from gwae_core.errors import RunFolderError
from gwae_core.evaluation.stored import FOLDER
from gwae_core.files import read_json
from gwae_core.records import flat
from gwae_core.run_folder import RunFolder
from gwae_core.yaml import parse_yaml

ASIDE = ("schema_version", "trackers")
"""Fields that no number depends on."""


@dataclass(frozen=True)
class FinishedRun:
    """What is read of a run folder: text and numbers, no component.

    Attributes:
        path: The folder, as it was given.
        seed: Its seed.
        fields: Fields of its configuration by dotted path, but the seed.
        metrics: Values by name.
        data: Checksum of its data.
        checkpoint: Name of the checkpoint that the metrics are of; empty where nobody wrote it.
    """

    path: Path
    seed: int
    fields: Mapping[str, Any]
    metrics: Mapping[str, float]
    data: str
    checkpoint: str = ""


def read_run(path: Path) -> FinishedRun:
    """Read the configuration and the metrics of a run; its plugins need not be installed.

    Raises:
        GWAEError: The folder holds no run, an unfinished one, or files that are damaged.
    """
    folder = RunFolder.open(path)
    values = parse_yaml(read_text(folder.config), source=str(folder.config))
    if not (path / FOLDER / "metrics.json").is_file():
        raise RunFolderError(f"{path} holds no evaluation: the run is not finished")
    metrics = read_json(path / FOLDER / "metrics.json")
    facts_file = path / FOLDER / "facts.json"
    facts = read_json(facts_file) if facts_file.is_file() else {}
    if facts.get("finished") is False:
        raise RunFolderError(f"{path} is left out: the run was not finished when it was evaluated")
    data = folder.read_environment().get("data")
    seed = values.get("seed", 0)
    try:
        numbers = {name: float(value) for name, value in metrics.items()}
    except (TypeError, ValueError, OverflowError):
        numbers = {}
    if not (numbers and isinstance(seed, int) and isinstance(data, dict)):
        raise RunFolderError(f"{path} is damaged: its files are not those of a run with metrics")
    fields = dict(flat({k: v for k, v in values.items() if k not in ("seed", *ASIDE)}))
    checkpoint = str(facts.get("checkpoint", ""))
    return FinishedRun(path, seed, fields, numbers, str(data.get("checksum")), checkpoint)


def run_folders(folders: Sequence[Path]) -> list[Path]:
    """Each folder once; one that holds runs stands for them."""
    found: dict[Path, Path] = {}
    for folder in folders:
        inside = []
        if folder.is_dir() and not RunFolder(folder).config.is_file():
            # runs/NAME, and runs/NAME/seed-N of several seeds
            files = (*folder.glob("*/config.yaml"), *folder.glob("*/*/config.yaml"))
            inside = sorted(file.parent for file in files)
        for path in inside or [folder]:
            found.setdefault(path.resolve(), path)
    return list(found.values())
