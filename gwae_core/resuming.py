"""Taking up a run that was interrupted: the same configuration, data and split."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from gwae_core.config import RunConfig
from gwae_core.errors import ConfigError, DataError, RunFolderError, RunInterrupted
from gwae_core.interfaces import DataArrays
from gwae_core.model import read_config
from gwae_core.provenance import environment
from gwae_core.run_folder import RunFolder
from gwae_core.saved_states import state_files
from gwae_core.splits import checksum

MAY_CHANGE = ("metrics", "trackers", "training.checkpoint_every", "training.prefetch")
"""Fields that change no weight, and so may differ between a run and its resumption."""


def reopen(
    out: Path | str | None, config: RunConfig, *, parts: Mapping[str, nn.Module]
) -> RunFolder:
    """The folder of a run that is to be resumed.

    Raises:
        RunFolderError: It is not one, or none was given.
        ConfigError: The configuration is another one; the message names every field.
    """
    if out is None:
        raise RunFolderError(
            "a run is resumed in its own folder, and none was given", hint="name it with --out"
        )
    folder = RunFolder.open(out)
    facts = folder.read_environment()
    refuse_changes(read_config(folder, facts, parts=parts), config, folder.path)
    began, today = facts.get("versions", {}), environment()
    for name in ("torch", "numpy", "gwae-core"):
        if began.get(name) != today[name]:
            warnings.warn(
                f"the run began with {name} {began.get(name)}, and {today[name]} is installed: "
                "its last digits may differ from those of an uninterrupted run",
                stacklevel=3,
            )
    return folder


def refuse_changes(was: RunConfig, now: RunConfig, folder: Path) -> None:
    """Refuse a configuration that is not that of the run.

    Raises:
        ConfigError: It names every field that differs, with both values.
    """
    changed = [
        f"{path}: {old!r} in the run, {new!r} now"
        for path, old, new in differences(was.model_dump(mode="json"), now.model_dump(mode="json"))
        if not any(path == name or path.startswith(f"{name}.") for name in MAY_CHANGE)
    ]
    if changed:
        raise ConfigError(
            f"the configuration differs from that of the run in {folder}:\n" + "\n".join(changed),
            hint=f"resume with the run's own ({folder / 'config.yaml'}), or begin a new run in "
            f"another folder; only {', '.join(MAY_CHANGE)} may change",
        )


def differences(was: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path and both values of each field that differs; of components of two types, the types."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        if was.get("type") != now.get("type"):
            yield f"{path}.type".removeprefix("."), was.get("type"), now.get("type")
            return
        for name in dict.fromkeys([*was, *now]):
            inside = f"{path}.{name}".removeprefix(".")
            yield from differences(was.get(name), now.get(name), inside)
    elif was != now:
        yield path, was, now


def refuse_other_data(arrays: DataArrays, facts: Mapping[str, Any]) -> None:
    """Refuse data that are not those of the run.

    Raises:
        DataError: They differ.
    """
    if checksum(arrays) != facts.get("data", {}).get("checksum"):
        raise DataError(
            "the data differ from those that the run was trained on",
            hint="bring back the same data; a split of other data would mix training and test",
        )


def is_finished(folder: RunFolder) -> bool:
    """Whether there is nothing left to do: training was completed, and no state was kept."""
    return "seconds" in folder.read_environment() and not state_files(folder.checkpoints)


def how_to_resume(folder: RunFolder) -> str:
    """The command that goes on with a run."""
    return f"continue with: gwae train {folder.config} --out {folder.path} --resume"


def interruption(folder: RunFolder, error: KeyboardInterrupt) -> KeyboardInterrupt:
    """An interruption that says how the run is resumed."""
    if isinstance(error, RunInterrupted):
        return error
    return RunInterrupted(
        f"interrupted; the run in {folder.path} is not finished", hint=how_to_resume(folder)
    )
