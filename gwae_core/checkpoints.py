"""Checkpoints: the state of a model as safetensors, written at once, read without running code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from gwae_core.errors import RunFolderError
from gwae_core.files import write_atomically

FORMAT = "gwae-core checkpoint 1"


def save_checkpoint(path: Path, weights: Mapping[str, Tensor], facts: dict[str, Any]) -> None:
    """Write a module's state with some facts (step, stage, ...) about it.

    Raises:
        RunFolderError: It cannot be written; a file of that name is untouched.
    """
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}
    write_tensors(path, state, {"format": FORMAT, "facts": json.dumps(facts)})


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file at once.

    Raises:
        RunFolderError: It cannot be written.
    """
    # in memory, not by save_file, whose own temporary file outlives a killed process
    content = _ordered(save(tensors, metadata=metadata))
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def _ordered(content: bytes) -> bytes:
    """A safetensors file with its header in order, so that equal tensors give equal files.

    It begins with the length of its header, 8 bytes, and the header, JSON; the order of the
    metadata in it is up to chance.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return content[:8] + text.ljust(end - 8) + content[end:]


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a state and the facts about it.

    Raises:
        RunFolderError: The file is missing, truncated, or of another program.
    """
    if not path.is_file():
        raise RunFolderError(
            f"no checkpoint {path}", hint="train again; the run ended before its first checkpoint"
        )
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            if (written := metadata.get("format", "")) != FORMAT:
                ours = written.startswith(FORMAT.rstrip("0123456789"))
                raise RunFolderError(
                    f"{path} is of the format {written!r}; this version reads {FORMAT!r}"
                    if ours
                    else f"{path} is a safetensors file, but not a checkpoint of gwae-core",
                    hint="upgrade gwae-core to the version that wrote it" if ours else None,
                )
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return state, json.loads(metadata["facts"])
    except (SafetensorError, OSError, ValueError, KeyError, RecursionError) as error:
        raise RunFolderError(
            f"{path} is truncated or not a checkpoint: {error}",
            hint="restore the file, or train again",
        ) from error


def load_state(module: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Put a state into a module.

    Raises:
        RunFolderError: Names, shapes or kinds of numbers do not match, so that the checkpoint is
            of another model, or a weight is not finite.
    """
    own = module.state_dict()
    missing = sorted(set(own) - set(state))
    foreign = sorted(set(state) - set(own))
    shapes = [
        f"{name}: {tuple(state[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ] + [
        f"{name}: {state[name].dtype} instead of {own[name].dtype}"
        for name in own
        if name in state and state[name].is_floating_point() != own[name].is_floating_point()
    ]
    # a number that is none would come to light far from here, in whatever computes with it
    broken = [
        f"{name} holds NaN or inf"
        for name in dict(module.named_parameters())
        if name in state and not bool(torch.isfinite(state[name]).all())
    ]
    if broken:
        raise RunFolderError(
            f"{path} is damaged: {'; '.join(broken[:3])}", hint="restore the file, or train again"
        )
    problems = [
        *([f"it lacks {', '.join(missing[:3])}"] if missing else []),
        *([f"it holds {', '.join(foreign[:3])}"] if foreign else []),
        *shapes[:3],
    ]
    if problems:
        raise RunFolderError(
            f"{path} is the checkpoint of another model: {'; '.join(problems)}",
            hint="it must lie in the run folder of the configuration that it was trained with",
        )
    with torch.no_grad():
        module.load_state_dict(state)
