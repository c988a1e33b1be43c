"""`run`: build, train, evaluate and save; the one place where all parts meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gwae_core.build import build_objective, check_parts
from gwae_core.config import RunConfig
from gwae_core.context import BuildContext
from gwae_core.engine import Record
from gwae_core.errors import GWAEError
from gwae_core.evaluation.stored import load_evaluation
from gwae_core.following import Work, dismiss, follow
from gwae_core.launching import follows, joined, number_of_processes
from gwae_core.provenance import class_path, components_of, environment
from gwae_core.records import write_table
from gwae_core.registered import OwnPart
from gwae_core.resuming import interruption, is_finished, refuse_other_data, reopen
from gwae_core.run_data import OwnData, load_data, rows_of, training_batches
from gwae_core.run_evaluation import evaluate_trained
from gwae_core.run_folder import RunFolder
from gwae_core.run_lock import locked
from gwae_core.run_training import RunTraining
from gwae_core.saved_states import remove_states
from gwae_core.splits import checksum, restore, split
from gwae_core.tracking import Trackers

Observer = Callable[[Record], None]


@dataclass(frozen=True)
class RunResult:
    """What a run leaves behind.

    Attributes:
        folder: The run folder.
        metrics: Metrics on the test split, by name.
        report: The report, or None where none was asked for.
    """

    folder: Path
    metrics: Mapping[str, float]
    report: Path | None


def run(
    config: RunConfig,
    *,
    out: Path | str | None = None,
    observe: Observer | None = None,
    report: bool = True,
    parts: Mapping[str, nn.Module] | None = None,
    data: OwnData | None = None,
    resume: bool = False,
    allow_import: bool = False,
    devices: int = 1,
) -> RunResult:
    """Train and evaluate what a configuration describes, and save all of it in a run folder.

    Args:
        config: The run.
        out: The run folder, new or empty; None names one under ``runs``. To resume, the folder of
            the run.
        observe: Called with each record while the run goes on.
        report: Whether the report is written.
        parts: Modules of your own that take the place of configured parts, by name; encoder and
            decoder may be any torch module.
        data: Data of your own that take the place of the configured data set.
        resume: Go on with an interrupted run, from its last training state; its weights and
            records become those that it would have had without the interruption. Of a run that
            is finished, the result is returned.
        allow_import: Whether the configuration may name code to import (`type: module`); such
            code runs with your rights.
        devices: Processes that train together on this host, each on a device of its own: the
            script or command is run again for each but the first, which alone writes, evaluates
            and returns; the others end here. Under torchrun, the number is torchrun's.

    Raises:
        GWAEError: The configuration, the data or the folder cannot be used, or training failed;
            the last good checkpoint is kept.
        RunInterrupted: Ctrl-C or SIGTERM; the run can be resumed.
    """
    size = number_of_processes(config.training, devices)
    if size > 1 and follows():
        follow(config, size, parts=parts or {}, data=data, allow_import=allow_import)
    with ExitStack() as held:
        return _run(
            config, out, observe, report, parts or {}, data, resume, allow_import, size, held
        )


def _run(
    config: RunConfig,
    out: Path | str | None,
    observe: Observer | None,
    report: bool,
    parts: Mapping[str, nn.Module],
    data: OwnData | None,
    resume: bool,
    allow_import: bool,
    size: int,
    held: ExitStack,
) -> RunResult:
    if config.training.threads is not None:
        torch.set_num_threads(config.training.threads)
    check_parts(parts)
    config = config.with_objects(**parts, **({} if data is None else {"data": data}))
    observe = observe or _nobody
    earlier: dict[str, Any] = {}
    if resume:
        folder = reopen(out, config, parts=parts)
        _hold(folder, held, observe)
        if is_finished(folder):
            dismiss(config.training, size)
            return _finished(folder, report=report, observe=observe)
        earlier = folder.read_environment()
    arrays = load_data(config, data)
    if resume:
        refuse_other_data(arrays, earlier)
        splits = restore(arrays, folder.read_split())
    else:
        splits = split(arrays, config.split, seed=config.seed)
    batches = training_batches(splits.train, config.training, seed=config.seed)
    context = BuildContext.for_data(
        rows_of(splits.train), config.latent_dim, allow_import=allow_import
    )
    objective = build_objective(config, context, parts=parts)
    observers = [tracker.build(context) for tracker in config.trackers]

    now = datetime.now(UTC).isoformat(timespec="seconds")
    facts: dict[str, Any] = {
        "started": now,
        "versions": environment(),
        "processes": size,
        "components": components_of(config),
        "data": {"shape": list(context.data_shape), "checksum": checksum(arrays)},
        "own_parts": {
            name: class_path(type(part))
            for name, part in parts.items()
            if isinstance(getattr(config, name), OwnPart)
        },
    }
    if resume:
        facts |= {**earlier, "processes": size, "resumed": [*earlier.get("resumed", []), now]}
    else:
        folder = RunFolder.create(out, config)
        _hold(folder, held, observe)
        folder.write_split(splits.index)
    folder.write_environment(facts)
    folder.write_config(config)  # the last: a folder that has it has all that a run begins with

    def warn(record: Record) -> None:
        folder.append_record(record)
        observe(record)

    trackers = Trackers(observers, warn)
    trackers.start(folder.path, config.model_dump(mode="json"))
    metrics: Mapping[str, float] = {}
    try:
        with joined(config.training, size) as processes:
            if processes is not None:
                processes.same(Work(facts["data"]["checksum"], dict(splits.index)))
            training = RunTraining(
                config,
                objective,
                batches,
                splits,
                folder,
                log=trackers.record,
                observe=observe,
                processes=processes,
            )
            seconds = training.run(resume=resume)
        folder.write_environment({**facts, "seconds": seconds})
        best, last = folder.checkpoint(config.training.select), folder.checkpoint("last")
        evaluation = evaluate_trained(
            config,
            lambda: objective,
            splits,
            folder,
            part="test",
            checkpoint=best if best.is_file() else last,
        )
        metrics = {} if evaluation is None else evaluation.metrics
        write_table(folder.path)
    except KeyboardInterrupt as error:
        _give_up(folder, trackers, error)
        raise interruption(folder, error) from None
    except BaseException as error:
        _give_up(folder, trackers, error)
        raise
    trackers.finish(metrics)
    written = _report(folder) if report else None
    remove_states(folder.checkpoints)
    return RunResult(folder.path, metrics, written)


def _nobody(_record: Record) -> None:
    """Observe nothing."""


def _hold(folder: RunFolder, held: ExitStack, observe: Observer) -> None:
    """Lock the folder until the run ends; say whose lock was taken over."""
    if left := held.enter_context(locked(folder.path)):
        observe({"event": "warning", "step": 0, "stage": "", "message": left, "remedy": ""})


def _give_up(folder: RunFolder, trackers: Trackers, error: BaseException) -> None:
    """Close a run that failed or was interrupted, unless nothing of it is left."""
    if folder.path.is_dir():
        trackers.fail(error)
        with suppress(GWAEError):
            write_table(folder.path)


def _report(folder: RunFolder) -> Path:
    # Figures need matplotlib, which a run without a report does not.
    from gwae_core.report import write_report

    return write_report(folder.path)


def _finished(folder: RunFolder, *, report: bool, observe: Observer) -> RunResult:
    """What a finished run left behind."""
    observe({"event": "finished", "message": f"the run in {folder.path} is finished already"})
    metrics = {}
    if (folder.path / "evaluation").is_dir():
        metrics = load_evaluation(folder.path).metrics
    return RunResult(folder.path, metrics, _report(folder) if report else None)
