"""`sweep`: the workers of this machine, in this process or in several."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gwae_core.engine import Record
from gwae_core.errors import ConfigError, GWAEError, RunFolderError
from gwae_core.interruption import watch_for_stop
from gwae_core.sweeping.config import SweepConfig
from gwae_core.sweeping.results import SweepResult
from gwae_core.sweeping.space import Space
from gwae_core.sweeping.study import Study
from gwae_core.sweeping.trial import Observer
from gwae_core.sweeping.worker import interrupted, work_on

MOST = 256
"""Workers of one command at most."""


def sweep(
    config: SweepConfig,
    *,
    out: Path | str,
    workers: int = 1,
    observe: Observer | None = None,
    report: bool = False,
    allow_import: bool = False,
    source: str = "the sweep",
) -> SweepResult:
    """Carry out the trials of a sweep that are not finished, and say what was found.

    Trial N lies in ``out/trial-N``, with a run folder for each seed. It is judged by the mean of a
    metric on the *validation* part; the test part decides nothing. The same call again, here or in
    another process at the same time, goes on with what is left: trials of workers that are gone
    are continued from their last training state, finished runs are not trained again.

    Args:
        config: The sweep.
        out: Its folder: new, empty, or that of this sweep.
        workers: Processes of this machine; 1 works in this one.
        observe: Called with a record when a trial begins and ends, a run begins, or warns.
        report: Whether runs write their report.
        allow_import: Whether the configuration may name code to import (`type: module`).
        source: What errors call the sweep.

    Raises:
        ConfigError: Optuna is missing, or the sweep is not valid; then nothing is trained.
        RunFolderError: The folder holds something else, or a worker was killed.
        GWAEError: Folders or data cannot be used; the trial is taken up by the next call.
        RunInterrupted: Ctrl-C or SIGTERM; the next call goes on.
    """
    if not 1 <= workers <= MOST:
        raise ConfigError(f"workers must be between 1 and {MOST}; got {workers}")
    folder, observe = Path(out), observe or _nobody
    Space(config).check(source)
    study = Study(config, folder)
    try:
        if workers == 1:
            work_on(config, folder, observe=observe, report=report, allow_import=allow_import)
        else:
            asked = {
                "sweep": config.model_dump(mode="json"),
                "folder": str(folder),
                "report": report,
                "allow_import": allow_import,
            }
            _Workers(asked, workers).run(study, observe)
        return study.results()
    finally:
        study.close()


def _nobody(_record: Record) -> None:
    """Observe nothing."""


class _Workers:
    """Processes that work on one sweep, and what they tell.

    Args:
        asked: What each is asked to do.
        count: How many there are.
    """

    def __init__(self, asked: Mapping[str, Any], count: int) -> None:
        self.folder = Path(asked["folder"])
        self.told: queue.Queue[tuple[int, Record | None]] = queue.Queue()
        self.errors: list[Record] = []
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        environment = {**os.environ, "PYTHONPATH": paths}
        # Workers that each take every core only slow each other.
        environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
        self.processes = [self._start(asked, k, environment) for k in range(count)]

    def run(self, study: Study, observe: Observer) -> None:
        """Pass on what the workers tell until all have ended.

        Raises:
            RunInterrupted: A signal asked to stop.
            GWAEError: A worker ended with an error, or was killed and left trials behind.
        """
        alive = len(self.processes)
        with watch_for_stop() as stop:
            stopped = False
            try:
                while alive:
                    if stop.signal is not None and not stopped:
                        stopped = True
                        self._stop()
                    try:
                        worker, record = self.told.get(timeout=0.2)
                    except queue.Empty:
                        continue
                    if record is None:
                        alive -= 1
                    elif record["event"] == "error":
                        self.errors.append(record)
                    else:
                        observe({**record, "worker": worker})
            finally:
                if alive:
                    self._stop()
                codes = [process.wait() for process in self.processes]
                for process in self.processes:
                    assert process.stdin is not None and process.stdout is not None
                    process.stdin.close()
        if stop.signal is not None:
            raise interrupted(self.folder, stop.exit_code)
        if self.errors:
            first = self.errors[0]
            raise GWAEError(str(first["message"]), hint=first["hint"])
        lost = [f"{k + 1} ({_ending(code)})" for k, code in enumerate(codes) if code]
        left = [one for one in study.results().trials if one.state in ("waiting", "running")]
        if lost:
            message = f"worker {', '.join(lost)} ended before its time"
            if not left:
                observe({"event": "warning", "message": message, "remedy": ""})
                return
            raise RunFolderError(
                f"{message}; {len(left)} trials are not finished, none is lost",
                hint=f"go on with the same command and --out {self.folder}",
            )

    def _start(
        self, asked: Mapping[str, Any], number: int, environment: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "gwae_core.sweeping.serving"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=dict(environment),
            # Ctrl-C reaches this process alone, which stops the workers once.
            start_new_session=True,
        )
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it ended at once, which its exit code tells
            print(json.dumps(asked), file=process.stdin, flush=True)
        threading.Thread(target=self._listen, args=(process, number + 1), daemon=True).start()
        return process

    def _listen(self, process: subprocess.Popen[str], worker: int) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue  # cut off where the worker was killed
                self.told.put((worker, record))
        process.wait()
        self.told.put((worker, None))

    def _stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()


def _ending(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
