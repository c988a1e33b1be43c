"""A worker as a process of its own, asked on stdin: ``python -m gwae_core.sweeping.serving``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from gwae_core.engine import Record
from gwae_core.errors import GWAEError, RunInterrupted
from gwae_core.sweeping.config import SweepConfig
from gwae_core.sweeping.worker import work_on

USER_ERROR = 2


def serve() -> int:
    """Work on the sweep that one line of stdin describes; records go to stdout, one a line.

    The end of stdin means that the process that asked is gone: the worker then stops after the
    present step, as on SIGTERM.
    """
    # What components print must not stand between the records.
    records = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asked = json.loads(sys.stdin.readline())

    def tell(record: Record) -> None:
        try:
            print(json.dumps(record, default=str), file=records, flush=True)
        except BrokenPipeError:
            os.kill(os.getpid(), signal.SIGTERM)

    def stop_with_parent() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_with_parent, daemon=True).start()
    try:
        work_on(
            SweepConfig.from_mapping(asked["sweep"]),
            Path(asked["folder"]),
            observe=tell,
            report=asked["report"],
            allow_import=asked["allow_import"],
        )
    except GWAEError as error:
        tell({"event": "error", "message": error.message, "hint": error.hint})
        return USER_ERROR
    except RunInterrupted as error:
        return error.exit_code
    return 0


if __name__ == "__main__":
    # Without the end of the interpreter, at which the thread that reads stdin would be in the way.
    code = serve()
    sys.stderr.flush()
    os._exit(code)
