"""A worker: carries out trials until none is left."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gwae_core.errors import ComponentError, ConfigError, GWAEError, RunInterrupted, TrainingError
from gwae_core.sweeping.claim import ClaimedTrial
from gwae_core.sweeping.config import SweepConfig
from gwae_core.sweeping.results import TrialResult
from gwae_core.sweeping.study import Study
from gwae_core.sweeping.trial import Hopeless, Observer, WrongMetric, run_trial

FUTILE = 3
"""Failed trials, where none ended well, after which a worker stops."""
TRIES = 3
"""Workers that are killed at a trial before it is given up."""


def work(study: Study, carry_out: Callable[[ClaimedTrial], float], *, observe: Observer) -> None:
    """Carry out trials until every one is finished, or in the hands of another worker.

    A trial that diverges, that fails by a bug, or at which three workers were killed, is noted as
    failed, and the next one goes on. An error of folders or data ends the worker; its trial is
    taken up by whoever comes next. Where all of the first trials fail, the mistake is in what they
    have in common.

    Args:
        study: The study.
        carry_out: Gives the value of a trial.
        observe: Takes a record when a trial begins and when it ends.

    Raises:
        TrainingError: The first trials failed, all of them.
        GWAEError: Folders or data cannot be used.
    """
    while True:
        with study.claim() as trial:
            if trial is None:
                return
            begun = {"event": "begin", "trial": trial.number, "of": study.count}
            observe({**begun, "params": trial.params})
            try:
                if trial.killed >= TRIES:
                    raise TrainingError(
                        f"{trial.killed} workers were killed while they worked on it, most often "
                        "for want of memory; it is given up"
                    )
                trial.finish(carry_out(trial))
            except Hopeless:
                trial.prune()
            except WrongMetric:
                raise
            except (TrainingError, ConfigError, ComponentError) as error:
                trial.fail(str(error), bug=False)
            except GWAEError:
                raise
            except Exception as error:
                trial.fail(f"{type(error).__name__}: {error}", bug=True)
                observe({"event": "traceback", "text": "".join(traceback.format_exception(error))})
            found = study.results()
        ended = found.trials[trial.number]
        observe(_ended(ended, found.best))
        failed = sum(one.state == "failed" for one in found.trials)
        well = any(one.state in ("finished", "pruned") for one in found.trials)
        if ended.state == "failed" and failed >= FUTILE and not well:
            raise TrainingError(
                f"the first {failed} trials failed, the last one with: {ended.error}",
                hint="mend what they have in common, and begin in another folder",
            )


def _ended(trial: TrialResult, best: TrialResult | None) -> dict[str, Any]:
    return {
        "event": "end",
        "trial": trial.number,
        "state": trial.state,
        "value": trial.value,
        "error": trial.error,
        "best": None if best is None else {"trial": best.number, "value": best.value},
    }


def work_on(
    config: SweepConfig, folder: Path, *, observe: Observer, report: bool, allow_import: bool
) -> None:
    """Open the study of a sweep and train its trials.

    Raises:
        RunInterrupted: A signal asked to stop; the state of the run was saved.
    """
    study = Study(config, folder)

    def carry_out(trial: ClaimedTrial) -> float:
        return run_trial(trial, study, observe=observe, report=report, allow_import=allow_import)

    try:
        work(study, carry_out, observe=observe)
    except KeyboardInterrupt as error:
        code = error.exit_code if isinstance(error, RunInterrupted) else 130
        raise interrupted(folder, code) from None
    finally:
        study.close()


def interrupted(folder: Path, exit_code: int) -> RunInterrupted:
    """An interruption that says how the sweep goes on."""
    return RunInterrupted(
        f"the sweep in {folder} was stopped; no trial is lost",
        hint=f"go on with the same command and --out {folder}",
        exit_code=exit_code,
    )
