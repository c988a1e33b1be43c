"""Training states as files: checked when they are read, the last two kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gwae_core.checkpoints import write_tensors
from gwae_core.engine import TrainingState
from gwae_core.errors import RunFolderError

FORMAT = "gwae-core training state 1"
KEPT = 2
"""States that are kept: the one before the last is for when the last is damaged."""


@dataclass(frozen=True)
class SavedState:
    """A training state that was read.

    Attributes:
        path: Its file.
        state: The state.
        step: Steps done.
        records: Bytes of the log of records when it was saved.
        damaged: Sentences on newer files that cannot be read.
    """

    path: Path
    state: TrainingState
    step: int
    records: int
    damaged: tuple[str, ...]


def save_state(folder: Path, state: TrainingState, *, step: int, records: int) -> Path:
    """Write a state into a folder, then remove all but the last two.

    Raises:
        RunFolderError: It cannot be written; those before it are untouched.
    """
    about = json.dumps({"step": step, "records": records, "values": state.values})
    metadata = {"format": FORMAT, "about": about, "sha256": _digest(state.tensors, about)}
    path = folder / f"state-{step:09d}.safetensors"
    write_tensors(path, state.tensors, metadata)
    for old in state_files(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def state_files(folder: Path) -> list[Path]:
    """Files of states in a folder, the newest first."""
    return sorted(folder.glob("state-*.safetensors"), reverse=True)


def newest_state(folder: Path) -> SavedState | None:
    """The newest state that is whole, or None where none was ever saved.

    Raises:
        RunFolderError: There are states, and all of them are damaged.
    """
    damaged: list[str] = []
    for path in state_files(folder):
        try:
            return _read(path, tuple(damaged))
        except (
            SafetensorError,
            OSError,
            ValueError,
            LookupError,
            TypeError,
            RecursionError,
        ) as error:
            damaged.append(f"{path} is damaged ({error})")
    if damaged:
        raise RunFolderError(
            f"no training state can be read: {'; '.join(damaged)}",
            hint="start again in another folder; the weights in last.safetensors can still be "
            "loaded and evaluated",
        )
    return None


def remove_states(folder: Path) -> None:
    """Remove every state: a finished run needs none."""
    for path in state_files(folder):
        path.unlink(missing_ok=True)


def _read(path: Path, damaged: tuple[str, ...]) -> SavedState:
    with safe_open(path, framework="pt", device="cpu") as file:
        metadata = file.metadata() or {}
        if metadata.get("format") != FORMAT:
            raise ValueError(f"it is of the format {metadata.get('format')!r}, not {FORMAT!r}")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    about = metadata["about"]
    if metadata["sha256"] != _digest(tensors, about):
        raise ValueError("its checksum does not match")
    values: dict[str, Any] = json.loads(about)
    state = TrainingState(tensors, values["values"])
    return SavedState(path, state, int(values["step"]), int(values["records"]), damaged)


def _digest(tensors: dict[str, Tensor], about: str) -> str:
    digest = hashlib.sha256(about.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
