"""Watching a run: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

EVERY = 10.0
"""Seconds between two plain lines."""
AFTER = "evaluation and report"

Record = Mapping[str, Any]


class Display(ABC):
    """Takes the records of a run, shows them, and measures how long each stage takes."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._began: list[tuple[str, float]] = []
        self._ended = 0.0

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended = self.clock()

    def __call__(self, record: Record) -> None:
        """Show one record."""
        match record["event"]:
            case "stage" | "resume":
                self._began.append((str(record["stage"]), self.clock()))
            case "end":
                self._began.append((AFTER, self.clock()))
        self.show(record)

    @abstractmethod
    def show(self, record: Record) -> None:
        """Show one record."""

    def stages(self) -> list[tuple[str, float]]:
        """Name and seconds of each stage, and of what follows training."""
        if not self._began:
            return []
        ends = [at for _, at in self._began[1:]] + [self._ended]
        return [(name, end - at) for (name, at), end in zip(self._began, ends, strict=True)]


class Silence(Display):
    """Shows warnings alone, on stderr."""

    def show(self, record: Record) -> None:
        """Show a warning."""
        if record["event"] == "warning":
            print(_warning(record), file=sys.stderr, flush=True)


class Lines(Display):
    """Plain lines: one a validation, and one every ten seconds.

    Args:
        file: Where they go.
        clock: Seconds from any fixed moment.
    """

    def __init__(self, file: TextIO, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(clock)
        self.file = file
        self.steps = 0
        self._last = (0, clock())

    def show(self, record: Record) -> None:
        """Print a line, where the record is worth one."""
        match record["event"]:
            case "start":
                self.steps = int(record["steps"])
                self._print(_opening(record))
                self._last = (0, self.clock())
            case "resume":
                self._print(_resumed(record))
                self._last = (int(record["step"]), self.clock())
            case "finished":
                self._print(str(record["message"]))
            case "progress":
                step, (last_step, last) = int(record["step"]), self._last
                seconds = self.clock() - last
                if seconds >= EVERY:
                    rate = (step - last_step) / seconds
                    left = _duration((self.steps - step) / rate)
                    self._last = (step, self.clock())
                    speed = f"{rate:.1f} steps/s, {left} left"
                    self._print(f"{self._where(record)}  {_terms(record)}  ({speed})")
            case "validation":
                self._print(f"{self._where(record)}  validation: {_terms(record)}")
            case "early-stop":
                self._print(f"{self._where(record)}  stopped early: {record['message']}")
            case "warning":
                self._print(_warning(record))
            case "end":
                self._print(f"trained {record['step']} steps in {_duration(record['seconds'])}")

    def _where(self, record: Record) -> str:
        return f"{record['stage']} {record['step']}/{self.steps}"

    def _print(self, text: str) -> None:
        print(text, file=self.file, flush=True)


class Bar(Display):
    """A progress bar with rate, time left and the loss terms.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            _RateColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn(
                "{task.fields[terms]}",
                markup=False,
                table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
            ),
            console=console,
            expand=True,
        )
        self.task = self.progress.add_task("building", total=None, terms="", visible=False)
        self.after = console.status("evaluating")

    def __enter__(self) -> Bar:
        self.progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()
        self.after.stop()
        super().__exit__(*error)

    def show(self, record: Record) -> None:
        """Update the bar, or print above it."""
        match record["event"]:
            case "start":
                self._print(_opening(record))
                self.progress.update(self.task, total=record["steps"], visible=True)
            case "resume":
                self._print(_resumed(record))
                self.progress.update(
                    self.task, completed=record["step"], description=record["stage"]
                )
            case "finished":
                self._print(str(record["message"]))
            case "stage":
                self.progress.update(self.task, description=record["stage"])
            case "progress":
                self.progress.update(self.task, completed=record["step"], terms=_terms(record))
            case "early-stop":
                self._print(f"{record['stage']} stopped early: {record['message']}")
            case "warning":
                self._print(_warning(record))
            case "end":
                self.progress.stop()
                self.after.start()

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, emoji=False)


class _RateColumn(ProgressColumn):
    """Steps in a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} steps/s" if task.speed else "")


def watch() -> Display:
    """A bar where stderr is a terminal, else lines; stdout is left to the results."""
    console = Console(stderr=True)
    return Bar(console) if console.is_terminal else Lines(sys.stderr)


def _opening(record: Record) -> str:
    parts = ", ".join(f"{record[part]} {part}" for part in ("train", "validation", "test"))
    stages = ", ".join(record["stages"])
    return f"data: {parts}; {record['steps']} steps, stages: {stages}"


def _resumed(record: Record) -> str:
    return f"resumed after step {record['step']}, {record['message']}"


def _terms(record: Record) -> str:
    return "  ".join(f"{name} {value:.3g}" for name, value in record["terms"].items())


def _warning(record: Record) -> str:
    hint = f"\nhint: {record['remedy']}" if record["remedy"] else ""
    return f"warning: {record['message']}{hint}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
