"""A trial in the hands of this process."""

from __future__ import annotations

import platform
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

    from gwae_core.sweeping.study import Study

BEAT = 30.0
"""Seconds between two signs of life of a trial."""
SILENCE = 600.0
"""Seconds without a sign of life after which a trial of another machine is taken over."""
BEGUN = "begun"
"""How often a trial was begun by a worker that neither ended it nor let it go."""


class ClaimedTrial:
    """A trial that this process alone works on.

    Args:
        study: The study.
        number: Number of the trial.
        trial_id: Its key in the storage.
        folder: Its folder.

    Attributes:
        params: Values by dotted path.
        killed: How many workers were killed while they worked on it.
    """

    def __init__(self, study: Study, number: int, trial_id: int, folder: Path) -> None:
        self._study, self._id = study, trial_id
        self.number, self.folder = number, folder
        self._beat = 0.0
        self.beat()
        self.params = study.suggest(trial_id, number)
        self._trial = study.optuna.trial.Trial(study.study, trial_id)
        known = study.storage.get_trial(trial_id)
        self._reported = set(known.intermediate_values)
        self.killed = int(known.user_attrs.get(BEGUN, 0))
        self._ended = False
        study.storage.set_trial_user_attr(trial_id, BEGUN, self.killed + 1)

    def beat(self) -> None:
        """Give a sign of life, if the last one is some time ago."""
        if time.time() - self._beat > BEAT:
            self._beat = time.time()
            owner = {"host": platform.node(), "beat": self._beat}
            self._study.storage.set_trial_user_attr(self._id, "owner", owner)

    def is_hopeless(self, step: int, monitored: float) -> bool:
        """Report a monitored value, of which less is better; whether the trial is given up."""
        if step not in self._reported:
            self._reported.add(step)
            # A pruner knows one direction, that of the metric.
            sign = 1.0 if self._study.direction == "minimize" else -1.0
            self._trial.report(sign * monitored, step)
        return bool(self._trial.should_prune())

    def finish(self, value: float) -> None:
        """The trial has ended with a value."""
        self._tell(self._study.optuna.trial.TrialState.COMPLETE, value)

    def prune(self) -> None:
        """The trial is given up."""
        self._tell(self._study.optuna.trial.TrialState.PRUNED)

    def fail(self, error: str, *, bug: bool) -> None:
        """The trial has failed."""
        self._study.storage.set_trial_user_attr(self._id, "error", error)
        self._study.storage.set_trial_user_attr(self._id, "bug", bug)
        self._tell(self._study.optuna.trial.TrialState.FAIL)

    def let_go(self) -> None:
        """Leave the trial, which has not ended, to whoever comes next; a killed worker cannot."""
        if not self._ended:
            # An error on the way here says more than one of a storage that cannot be written.
            with suppress(Exception):
                self._study.storage.set_trial_user_attr(self._id, BEGUN, self.killed)

    def _tell(self, state: optuna.trial.TrialState, value: float | None = None) -> None:
        self._study.study.tell(self.number, value, state=state)
        self._ended = True


def is_alive_elsewhere(trial: FrozenTrial) -> bool:
    """Whether a process of another machine gave a sign of life; locks may not reach so far."""
    owner = trial.user_attrs.get("owner")
    if trial.state.name != "RUNNING" or not owner or owner["host"] == platform.node():
        return False
    return bool(time.time() - owner["beat"] < SILENCE)
