"""The folder of a sweep: known from others by a marker, opened by one process at a time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gwae_core.errors import RunFolderError
from gwae_core.files import read_json, write_json
from gwae_core.run_folder import RunFolder
from gwae_core.run_lock import NAME as LOCK
from gwae_core.run_lock import locked

FILE = "sweep.json"
"""Says that a folder is that of a sweep, and of which."""
PATIENCE = 120.0
"""Seconds that a worker waits for others that are opening the same sweep."""


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Hold the lock of the folder, after those who hold it now."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot make {folder}: {error.strerror or error}") from error
    began = time.monotonic()
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(locked(folder))
                break
            except RunFolderError:
                if time.monotonic() - began > PATIENCE:
                    raise
                time.sleep(0.05)
        yield


def marker(folder: Path) -> str:
    """What tells the folder from others; written where the folder is new.

    Raises:
        RunFolderError: The folder holds something else.
    """
    path = folder / FILE
    if not path.is_file():
        names = {entry.name for entry in folder.iterdir()} - {LOCK}
        if any(not name.startswith(f".{FILE}") for name in names):
            what = "a run" if RunFolder(folder).config.is_file() else "something else"
            raise RunFolderError(
                f"{folder} holds {what}, no sweep", hint="choose another folder with --out"
            )
        write_json(path, {"folder": uuid.uuid4().hex})
    return str(read_json(path).get("folder"))
