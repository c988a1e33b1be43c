"""The run folder: where everything of a run lies, and how it is named."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.config import RunConfig
from gwae_core.errors import RunFolderError
from gwae_core.files import read_json, read_npz, write_json, write_npz, write_text
from gwae_core.run_lock import NAME as LOCK
from gwae_core.run_lock import refuse_if_locked

ENVIRONMENT: dict[str, type[Any]] = {
    "versions": dict,
    "components": dict,
    "data": dict,
    "own_parts": dict,
    "resumed": list,
}
"""What `environment.json` may hold beside text and numbers."""


class RunFolder:
    """Paths and small files of a run; all but the log of records are written at once.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def config(self) -> Path:
        """The resolved configuration."""
        return self.path / "config.yaml"

    @property
    def environment(self) -> Path:
        """Versions, components and data that the run was made with."""
        return self.path / "environment.json"

    @property
    def records(self) -> Path:
        """The records, one JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def split(self) -> Path:
        """Rows of the training, validation and test part."""
        return self.path / "split.npz"

    def checkpoint(self, name: str) -> Path:
        """The checkpoint ``last`` or ``best``."""
        return self.checkpoints / f"{name}.safetensors"

    @property
    def checkpoints(self) -> Path:
        """Where weights lie, and training states as long as the run is not finished."""
        return self.path / "checkpoints"

    @classmethod
    def create(cls, out: Path | str | None, config: RunConfig) -> RunFolder:
        """Make a new folder; without a path, one under ``runs`` that is named by the run.

        Raises:
            RunFolderError: The folder holds something already, or cannot be written.
        """
        path = Path("runs") / default_name(config) if out is None else Path(out)
        try:
            if out is None:
                path = _make_numbered(path)
            elif path.exists() and not (path.is_dir() and _is_empty(path)):
                refuse_if_locked(path)
                raise RunFolderError(
                    f"{path} exists already",
                    hint="choose another folder with --out, or continue its run with --resume",
                )
            path.mkdir(parents=True, exist_ok=True)
            # A folder may exist and yet refuse files; better to know it before training.
            probe = path / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise RunFolderError(
                f"cannot write to the folder {path}: {error.strerror or error}",
                hint="choose another folder with --out",
            ) from error
        return cls(path)

    @classmethod
    def open(cls, path: Path | str) -> RunFolder:
        """An existing run folder.

        Raises:
            RunFolderError: It is not one.
        """
        folder = cls(path)
        if not folder.path.is_dir():
            raise RunFolderError(f"no run folder {folder.path}", hint="`gwae train` makes one")
        if not folder.config.is_file():
            raise RunFolderError(
                f"{folder.path} is not a run folder: it has no {folder.config.name}",
                hint="give the folder that `gwae train` wrote",
            )
        return folder

    def discard(self) -> None:
        """Remove the folder of a run that never began."""
        shutil.rmtree(self.path, ignore_errors=True)

    def write_config(self, config: RunConfig) -> None:
        """Write the resolved configuration."""
        write_text(self.config, config.to_yaml())

    def write_environment(self, values: Mapping[str, Any]) -> None:
        """Write versions, components and data."""
        write_json(self.environment, values)

    def read_environment(self) -> dict[str, Any]:
        """Read versions, components and data.

        Raises:
            RunFolderError: The file is missing or damaged.
        """
        facts = read_json(self.environment)
        for name, kind in ENVIRONMENT.items():
            found = facts.get(name, kind())
            if name == "own_parts" and isinstance(found, list):  # as early runs wrote it
                sound = all(isinstance(part, str) for part in found)
            elif name == "components" and isinstance(found, dict):
                sound = all(map(_is_text, found.values()))
            else:
                sound = isinstance(found, kind)
            if not sound:
                raise RunFolderError(
                    f"{self.environment} is damaged: {name} is not what a run writes",
                    hint="restore the file, or train again",
                )
        return facts

    def append_record(self, record: Mapping[str, Any]) -> None:
        """Add a record; each line is complete as soon as it is written.

        Raises:
            RunFolderError: The line cannot be written.
        """
        size = self.records_size()
        try:
            with self.records.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
                file.flush()
        except OSError as error:
            with contextlib.suppress(OSError):
                os.truncate(self.records, size)  # no half line stays behind
            raise RunFolderError(
                f"cannot write {self.records}: {error.strerror or error}",
                hint="check permissions and free space",
            ) from error

    def records_size(self) -> int:
        """Bytes of the log of records."""
        return self.records.stat().st_size if self.records.is_file() else 0

    def cut_records(self, size: int) -> None:
        """Forget the records behind a size of their log.

        Raises:
            RunFolderError: The log is shorter, so that records are lost, or cannot be written.
        """
        if (found := self.records_size()) < size:
            raise RunFolderError(
                f"{self.records} has {found} bytes where the training state knows {size}: records "
                "are lost",
                hint="start again in another folder",
            )
        try:
            self.records.touch()
            os.truncate(self.records, size)
        except OSError as error:
            raise RunFolderError(
                f"cannot write {self.records}: {error.strerror or error}"
            ) from error

    def write_split(self, index: Mapping[str, NDArray[np.int64]]) -> None:
        """Write the rows of each part."""
        write_npz(self.split, index)

    def read_split(self) -> dict[str, NDArray[np.int64]]:
        """Read the rows of each part.

        Raises:
            RunFolderError: The file is missing or damaged.
        """
        index = read_npz(self.split)
        whole = all(rows.ndim == 1 and rows.dtype.kind in "iu" for rows in index.values())
        if not (whole and {"train", "validation", "test"} <= index.keys()):
            raise RunFolderError(f"{self.split} does not hold the rows of each part")
        return index


def default_name(config: RunConfig) -> str:
    """Name of the folder of a run that was given none."""
    parts = (config.data.type, config.objective.type, config.prior.type)
    return "-".join([*parts, f"seed{config.seed}"])


def _make_numbered(base: Path) -> Path:
    """Make a folder of this name, with a number behind it where it exists."""
    path, number = base, 1
    while True:
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:
            number += 1
            path = base.with_name(f"{base.name}-{number}")


def _is_empty(path: Path) -> bool:
    """Whether a folder holds nothing but the lock of a run that ended before it wrote anything."""
    names = {entry.name for entry in path.iterdir()}
    if names == {LOCK}:
        refuse_if_locked(path)
    return names <= {LOCK}


def _is_text(facts: object) -> bool:
    """Whether these are facts by name, each a text."""
    return isinstance(facts, dict) and all(isinstance(fact, str) for fact in facts.values())
