"""Processes that run the command of this one again, each told its place among them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

from gwae_core.errors import ConfigError, TrainingError

LEASHED = "GWAE_LEASHED"
"""Set for a process that ends when its standard input does: with the process that started it."""
FAREWELL = 10.0
"""Seconds that a process has to end by itself."""


@dataclass
class ChildProcesses:
    """The processes that this one started: the same command again, each told its place.

    Attributes:
        started: The processes, of rank 1, 2, ...
    """

    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _said: list[int] = field(default_factory=list)

    def start(self, size: int, *, port: int) -> None:
        """Start all but the first of ``size`` processes.

        Raises:
            ConfigError: This is a notebook or a prompt.
        """
        if getattr(sys.modules["__main__"], "__file__", None) is None:
            raise ConfigError(
                "several processes are started by running a script or a command again, and this "
                "is neither",
                hint="write it into a file, or use gwae train --devices",
            )
        place = {"WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size, "MASTER_PORT": port}
        for rank in range(1, size):
            place |= {"RANK": rank, "LOCAL_RANK": rank}
            told = {name: str(value) for name, value in place.items()}
            said, path = tempfile.mkstemp()
            os.unlink(path)  # the open file is enough
            self._said.append(said)
            self.started.append(
                subprocess.Popen(
                    [sys.executable, *sys.orig_argv[1:]],
                    env={**os.environ, **told, "MASTER_ADDR": "127.0.0.1", LEASHED: "1"},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    # Ctrl-C is for the first process, which makes all stop at the same step
                    start_new_session=True,
                )
            )

    def lost(self) -> Exception | None:
        """An error that says how a process ended that should not have ended yet, if one did."""
        for rank, process in enumerate(self.started, start=1):
            code = process.poll()
            if code:
                how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
                hint = "was it out of memory?" if code == -9 else None
                return TrainingError(f"process {rank} {how}{self._last_words(rank)}", hint=hint)
        return None

    def _last_words(self, rank: int) -> str:
        said = os.pread(self._said[rank - 1], 1 << 20, 0)
        lines = said.decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""

    def kill(self) -> None:
        """End every process at once."""
        for process in self.started:
            process.kill()

    def wait(self) -> None:
        """Let every process end by itself, and end those that do not."""
        for process in self.started:
            try:
                process.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdin is not None
            process.stdin.close()
        while self._said:
            os.close(self._said.pop())


def end_with_the_parent() -> None:
    """End this process as soon as the one that started it is gone, however it went."""
    while os.read(0, 1):
        pass
    os._exit(1)
