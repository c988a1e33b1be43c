"""One trial: a run for each seed, judged on the validation part."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gwae_core.config import RunConfig
from gwae_core.engine import Record
from gwae_core.errors import ConfigError, TrainingError, did_you_mean
from gwae_core.run_evaluation import evaluate_run
from gwae_core.run_folder import RunFolder
from gwae_core.run_lock import NAME as LOCK
from gwae_core.runs import run
from gwae_core.seeds import state_of
from gwae_core.sweeping.claim import ClaimedTrial
from gwae_core.sweeping.study import Study

Observer = Callable[[Record], None]
BEFORE_CONFIG = {LOCK, "split.npz", "environment.json"}
"""What a run writes before it has a configuration, with which it can be resumed."""


class WrongMetric(ConfigError):
    """The runs have no such metric, so that no trial can be judged."""


class Hopeless(Exception):
    """The trial is given up; the run stays as it is."""


def run_trial(
    trial: ClaimedTrial,
    study: Study,
    *,
    observe: Observer,
    report: bool = False,
    allow_import: bool = False,
) -> float:
    """Train the runs of a trial that are not finished; the mean of their validation metric.

    Raises:
        Hopeless: The pruner gives the trial up.
        TrainingError: A run diverged, or its metric is not finite.
        ConfigError: The values of the trial do not go together.
        WrongMetric: The runs have no such metric.
    """
    values = []
    before = 0
    for seed in study.space.seeds():
        config = study.space.config(trial.params).model_copy(update={"seed": seed})
        folder = trial.folder / f"seed-{seed}"
        _forget_unbegun(folder)
        state = state_of(config, folder)
        observe({"event": "run", "trial": trial.number, "seed": seed, "state": state})
        if state != "finished":
            run(
                config,
                out=folder,
                observe=_watch(trial, study, before=before, observe=observe),
                report=report,
                resume=state == "unfinished",
                allow_import=allow_import,
            )
        trial.beat()
        value = _validation_value(config, folder, study.config.metric, allow_import=allow_import)
        if not math.isfinite(value):
            raise TrainingError(f"{study.config.metric} of {folder} is {value}")
        values.append(value)
        before += config.training.steps
    return sum(values) / len(values)


def _watch(trial: ClaimedTrial, study: Study, *, before: int, observe: Observer) -> Observer:
    """Give signs of life, pass warnings on, and stop a run that is given up."""

    def watch(record: Record) -> None:
        if record["event"] == "progress":
            trial.beat()
        elif record["event"] == "warning":
            observe({**record, "trial": trial.number})
        elif record["event"] == "validation" and study.config.pruning is not None:
            monitored = float(record["monitor"])
            if math.isfinite(monitored) and trial.is_hopeless(before + record["step"], monitored):
                raise Hopeless

    return watch


def _validation_value(config: RunConfig, folder: Path, metric: str, *, allow_import: bool) -> float:
    asked: list[Any] = [one for one in config.metrics if one.type == metric.partition(".")[0]]
    found = evaluate_run(folder, part="validation", metrics=asked, allow_import=allow_import)
    if metric not in found:
        meant = did_you_mean(metric, found)
        raise WrongMetric(
            f"metric: {folder} has no {metric!r}{meant}; it has {', '.join(found) or 'no metrics'}",
            hint="correct `metric` and begin in another folder",
        )
    return found[metric]


def _forget_unbegun(folder: Path) -> None:
    """Remove what a run wrote that was killed before it had begun."""
    if not folder.is_dir() or RunFolder(folder).config.is_file():
        return
    names = {entry.name for entry in folder.iterdir()}
    if all(name in BEFORE_CONFIG or name.startswith(".") for name in names):
        shutil.rmtree(folder)
