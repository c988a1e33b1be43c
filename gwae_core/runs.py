"""`run`: build, train, evaluate and save; the one place where all parts meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from gwae_core.build import build_objective, check_parts
from gwae_core.checkpoints import load_state, read_checkpoint, save_checkpoint
from gwae_core.components import Component
from gwae_core.config import RunConfig
from gwae_core.context import BuildContext
from gwae_core.engine import NotFiniteError, Record, TensorBatches, train
from gwae_core.errors import DataError, GWAEError
from gwae_core.evaluate import Evaluation, evaluate, save_evaluation
from gwae_core.files import write_npz
from gwae_core.interfaces import Metric, Objective
from gwae_core.model import read_config
from gwae_core.provenance import class_path, components_of, environment
from gwae_core.records import write_table
from gwae_core.registered import OwnPart
from gwae_core.run_data import OwnData, load_data
from gwae_core.run_folder import RunFolder
from gwae_core.splits import Splits, checksum, restore, split
from gwae_core.tracking import Trackers

Observer = Callable[[Record], None]
Part = Literal["test", "validation"]


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
) -> RunResult:
    """Train and evaluate what a configuration describes, and save all of it in a run folder.

    Args:
        config: The run.
        out: The run folder, new or empty; None names one under ``runs``.
        observe: Called with each record while the run goes on.
        report: Whether the report is written.
        parts: Modules of your own that take the place of configured parts, by name; encoder and
            decoder may be any torch module.
        data: Data of your own that take the place of the configured data set.

    Raises:
        GWAEError: The configuration, the data or the folder cannot be used, or training failed;
            the last good checkpoint is kept.
    """
    if config.training.threads is not None:
        torch.set_num_threads(config.training.threads)
    parts = parts or {}
    check_parts(parts)
    config = config.with_objects(**parts, **({} if data is None else {"data": data}))
    arrays = load_data(config, data)
    splits = split(arrays, config.split, seed=config.seed)
    batches = TensorBatches(
        torch.from_numpy(splits.train.x),
        batch_size=config.training.batch_size,
        seed=config.seed,
    )
    context = BuildContext.for_data(batches.x, config.latent_dim)
    objective = build_objective(config, context, parts=parts)
    observers = [tracker.build(context) for tracker in config.trackers]

    folder = RunFolder.create(out, config)
    folder.write_config(config)
    folder.write_split(splits.index)
    facts: dict[str, Any] = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": environment(),
        "components": components_of(config),
        "data": {"shape": list(context.data_shape), "checksum": checksum(arrays)},
        "own_parts": {
            name: class_path(type(part))
            for name, part in parts.items()
            if isinstance(getattr(config, name), OwnPart)
        },
    }
    folder.write_environment(facts)

    def warn(record: Record) -> None:
        folder.append_record(record)
        if observe is not None:
            observe(record)

    trackers = Trackers(observers, warn)
    trackers.start(folder.path, config.model_dump(mode="json"))
    metrics: Mapping[str, float] = {}
    try:
        seconds = _train(config, objective, batches, splits, folder, observe, trackers)
        folder.write_environment({**facts, "seconds": seconds})
        if evaluation := _evaluate(config, objective, splits, "test"):
            save_evaluation(folder.path, evaluation)
            metrics = evaluation.metrics
    except BaseException as error:
        if folder.path.is_dir():
            trackers.fail(error)
        raise
    finally:
        if folder.records.is_file():
            write_table(folder.path)
    trackers.finish(metrics)
    if not report:
        return RunResult(folder.path, metrics, None)
    # Figures need matplotlib, which a run without a report does not.
    from gwae_core.report import write_report

    return RunResult(folder.path, metrics, write_report(folder.path))


def _train(
    config: RunConfig,
    objective: Objective,
    batches: TensorBatches,
    splits: Splits,
    folder: RunFolder,
    observe: Observer | None,
    trackers: Trackers,
) -> float:
    """Train, saving records and checkpoints; returns seconds."""
    training = config.training
    validation = None
    if len(splits.validation.x):
        held_out = torch.from_numpy(splits.validation.x)
        validation = TensorBatches(held_out, batch_size=len(held_out))

    def tell(record: Record) -> None:
        if record["event"] != "progress":
            folder.append_record(record)
            trackers.record(record)
        if observe is not None:
            observe(record)

    def save(name: str, record: Record) -> None:
        about = {"step": record["step"], "stage": record.get("stage", "")}
        save_checkpoint(folder.checkpoint(name), objective, about)

    tell(
        {
            "event": "start",
            "step": 0,
            "steps": training.steps,
            "stages": [stage.name for stage in objective.stages()],
            "train": len(splits.train.x),
            "validation": len(splits.validation.x),
            "test": len(splits.test.x),
            "parameters": sum(p.numel() for p in objective.parameters()),
        }
    )
    seconds, steps = 0.0, 0
    try:
        for record in train(objective, batches, training, validation=validation, seed=config.seed):
            steps = int(record["step"])
            tell(record)
            if record["event"] == "validation" and record["best"]:
                save("best", record)
            periodic = record["event"] == "progress" and not (
                record["step"] % training.validate_every
            )
            if periodic or record["event"] in ("validation", "end"):
                save("last", record)
            if record["event"] == "end":
                seconds = float(record["seconds"])
    except NotFiniteError as error:
        tell({"event": "failure", "step": error.step, "stage": error.stage, "term": error.term})
        saved = folder.path / "failure" / f"batch-step-{error.step}.npz"
        _save_batch(saved, error)
        error.message += f"; its batch is in {saved}"
        if (last := folder.checkpoint("last")).is_file():
            error.message += f", the last good checkpoint in {last}"
        raise
    except GWAEError:
        # What cannot even begin leaves nothing behind, so that it can be mended and tried again.
        if steps == 0:
            folder.discard()
        raise
    if training.select == "best" and (best := folder.checkpoint("best")).is_file():
        load_state(objective, read_checkpoint(best)[0], best)
    return seconds


def _save_batch(path: Path, error: NotFiniteError) -> None:
    batch = error.batch
    arrays = {"x": batch.x.detach().cpu().numpy()}
    if batch.index is not None:
        arrays["index"] = batch.index.cpu().numpy()
    write_npz(path, arrays)


def _evaluate(
    config: RunConfig, objective: Objective, splits: Splits, part: Part
) -> Evaluation | None:
    """Evaluate on a part of the data, where it holds any."""
    held_out = splits.test if part == "test" else splits.validation
    if not len(held_out.x):
        return None
    metrics: list[Metric] = [metric.build() for metric in config.metrics]
    with torch.inference_mode():
        distances = objective.data_distances(torch.from_numpy(held_out.x))
    name, d_x = ("euclidean", None) if distances is None else distances
    evaluation = evaluate(
        objective,
        splits.train,
        held_out,
        metrics,
        seed=config.seed,
        d_x=None if d_x is None else d_x.cpu().numpy(),
        d_x_name=name,
    )
    return replace(evaluation, facts={**evaluation.facts, "split": part})


def evaluate_run(
    folder: Path | str,
    *,
    part: Part = "test",
    checkpoint: str | None = None,
    parts: Mapping[str, nn.Module] | None = None,
    data: OwnData | None = None,
    components: Sequence[type[Component]] = (),
) -> Mapping[str, float]:
    """Evaluate a run again, on the split that it was trained with.

    An evaluation on the test part is saved in the run folder; one on the validation part, on which
    settings are chosen, is only returned.

    Args:
        folder: The run folder.
        part: ``test`` or ``validation``.
        checkpoint: ``last`` or ``best``; None takes the one that the run selected.
        parts: Modules of your own that the run was trained with, by name.
        data: Data of your own that the run was trained with.
        components: Classes of your own that the run was trained with, registered by no plugin.

    Raises:
        DataError: The data are not those that the run was trained on, or the part is empty.
        GWAEError: The run cannot be loaded.
    """
    opened = RunFolder.open(folder)
    facts = opened.read_environment()
    config = read_config(opened, facts, parts=parts, components=components)
    arrays = load_data(config, data)
    if checksum(arrays) != facts.get("data", {}).get("checksum"):
        raise DataError(
            "the data differ from those that the run was trained on",
            hint="bring back the same data; a split of other data would mix training and test",
        )
    splits = restore(arrays, opened.read_split())
    context = BuildContext.for_data(torch.from_numpy(splits.train.x), config.latent_dim)
    objective = build_objective(config, context, parts=parts)
    path = opened.checkpoint(checkpoint or config.training.select)
    load_state(objective, read_checkpoint(path)[0], path)
    evaluation = _evaluate(config, objective, splits, part)
    if evaluation is None:
        raise DataError(
            f"the {part} part of the data is empty", hint=f"train with split.{part} above 0"
        )
    if part == "test":
        save_evaluation(opened.path, evaluation)
    return evaluation.metrics
