"""The lock of a run folder: one process at a time writes into it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gwae_core.errors import RunFolderError

NAME = ".lock"
UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL)
"""What a file system says that knows no locks; runs go without there."""


@contextmanager
def locked(folder: Path) -> Iterator[str | None]:
    """Hold the lock of a folder, which the system frees when the process ends in any way.

    Yields:
        A sentence on the process that left its lock behind by ending without a farewell, or None.

    Raises:
        RunFolderError: Another process holds it, or the folder cannot be written.
    """
    path = folder / NAME
    handle = _acquire(path)
    try:
        left = _owner(path)
        _sign(handle)
        yield left and f"{left}, which is gone, did not end its run in {folder}; it is taken over"
    finally:
        # Removed while it is held, so that nobody locks a file that is about to disappear; where
        # open files cannot be removed, it stays behind, empty.
        os.ftruncate(handle, 0)
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(handle)


def refuse_if_locked(folder: Path) -> None:
    """Refuse a folder that another process is writing into.

    Raises:
        RunFolderError: It names the process.
    """
    path = folder / NAME
    if path.is_file():
        os.close(_acquire(path))


def _acquire(path: Path) -> int:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise RunFolderError(
                f"cannot write to the folder {path.parent}: {error.strerror or error}",
                hint="check permissions and free space",
            ) from error
        try:
            _lock(handle)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                os.close(handle)
                owner = _owner(path) or "another process"
                raise RunFolderError(
                    f"{path.parent} is in use by {owner}",
                    hint="wait until it ends, or choose another folder with --out",
                ) from error
        # The holder before may have removed the file between opening and locking.
        try:
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)


def _sign(handle: int) -> None:
    """Write who holds the lock."""
    about = {
        "pid": os.getpid(),
        "host": platform.node(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    # The lock itself needs no text, so that a full disk is not its concern.
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(about).encode())


def _owner(path: Path) -> str | None:
    """The process that a lock names, or None where it names none."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        return f"process {about['pid']} on {about['host']} (since {about['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return None


if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 30
    """A byte far behind the text, so that others can read who holds the lock."""

    def _lock(handle: int) -> None:
        os.lseek(handle, FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
