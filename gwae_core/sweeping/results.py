"""What a sweep found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

State = Literal["waiting", "running", "finished", "pruned", "failed"]


@dataclass(frozen=True)
class TrialResult:
    """What is known of a trial.

    Attributes:
        number: From 0.
        state: ``waiting``, ``running``, ``finished``, ``pruned`` or ``failed``.
        value: Mean over the seeds of the metric on the validation part, of a finished trial.
        params: Values by dotted path; of a component that is given as a mapping, its JSON text.
        folder: Its folder, with a run folder for each seed.
        error: Why it failed.
        is_bug: Whether it failed by an exception that is no mistake of the user's.
    """

    number: int
    state: State
    value: float | None
    params: Mapping[str, Any]
    folder: Path
    error: str | None = None
    is_bug: bool = False


@dataclass(frozen=True)
class SweepResult:
    """What a sweep found.

    Attributes:
        folder: The folder of all trials.
        metric: Metric of the validation part that judges.
        direction: ``minimize`` or ``maximize``.
        trials: All trials by number.
    """

    folder: Path
    metric: str
    direction: str
    trials: tuple[TrialResult, ...]

    @property
    def best(self) -> TrialResult | None:
        """The finished trial of the best value; of equal ones the first."""
        return next(iter(self.ranked), None)

    @property
    def ranked(self) -> tuple[TrialResult, ...]:
        """The finished trials, the best first."""
        sign = 1.0 if self.direction == "minimize" else -1.0
        found = [trial for trial in self.trials if trial.value is not None]
        return tuple(sorted(found, key=lambda trial: (sign * (trial.value or 0.0), trial.number)))
