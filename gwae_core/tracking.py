"""The trackers of a run: told of everything, and left out once they fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gwae_core.interfaces import Tracker

Record = Mapping[str, Any]


class Trackers:
    """Tells trackers of a run; it never raises on their account.

    A tracker that fails, in any of its methods, is left out from then on, and a warning record says
    so: what a tracker shows is in the run folder too, so that its failure must not cost a run.

    Args:
        trackers: The trackers.
        warn: Takes the warning records.
    """

    def __init__(self, trackers: Sequence[Tracker], warn: Callable[[Record], None]) -> None:
        self.trackers = list(trackers)
        self.warn = warn
        self.step = 0

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        """The run begins, or goes on in the same folder."""
        self._tell(lambda tracker: tracker.start(folder, config))

    def record(self, record: Record) -> None:
        """A line of ``metrics.jsonl``."""
        self.step = int(record.get("step", self.step))
        self._tell(lambda tracker: tracker.record(record))

    def finish(self, metrics: Mapping[str, float]) -> None:
        """The run has ended."""
        self._tell(lambda tracker: tracker.finish(metrics))

    def fail(self, error: BaseException) -> None:
        """The run has failed or was interrupted."""
        self._tell(lambda tracker: tracker.fail(f"{type(error).__name__}: {error}"))

    def _tell(self, what: Callable[[Tracker], None]) -> None:
        for tracker in list(self.trackers):
            try:
                what(tracker)
            # A tracker may fail in any way at all.
            except Exception as error:
                self.trackers.remove(tracker)
                self.warn(
                    {
                        "event": "warning",
                        "step": self.step,
                        "stage": "",
                        "message": f"the tracker {tracker.name()!r} failed and is left out from "
                        f"now on: {type(error).__name__}: {error}",
                        "remedy": "the run goes on; all its records are in metrics.jsonl",
                    }
                )
