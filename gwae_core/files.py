"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import RunFolderError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside the path, then put it in place at once.

    Raises:
        RunFolderError: The file cannot be written (no permission, disk full).
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix
        )
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        # mkstemp makes files private; a run folder is as readable as any other file.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise RunFolderError(
            f"cannot write {path}: {error.strerror or error}",
            hint="check permissions and free space, or choose another folder with --out",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file at once."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object at once."""
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays of numbers into one compressed npz file at once."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            # numpy's stubs take any keyword for its flag allow_pickle.
            np.savez_compressed(file, **dict(arrays))  # type: ignore[arg-type]

    write_atomically(path, write)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunFolderError: The file is missing or is not a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunFolderError(f"{path.parent} is not a run folder: it has no {path.name}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise RunFolderError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise RunFolderError(f"{path} does not hold a JSON object")
    return values


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read arrays of numbers from an npz file; nothing in it is ever executed (no pickle).

    Raises:
        RunFolderError: The file is missing, damaged, or holds pickled objects.
    """
    try:
        # read first: where the archive is damaged, numpy leaves a file that it opened open
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    # damaged bytes fail in zipfile, zlib and numpy with a dozen kinds of exceptions
    except Exception as error:
        raise RunFolderError(f"{path} cannot be read: {error or type(error).__name__}") from error
