"""The evaluation of a run: what was computed before is kept, the rest is computed and stored."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gwae_core.build import build_objective
from gwae_core.checkpoints import load_state, read_checkpoint
from gwae_core.components import Component
from gwae_core.config import RunConfig
from gwae_core.context import BuildContext
from gwae_core.errors import DataError
from gwae_core.evaluate import drawn, metric_input
from gwae_core.evaluated_model import evaluation_mode
from gwae_core.evaluation.stored import Part
from gwae_core.evaluation.subsets import random_subset
from gwae_core.interfaces import DataArrays, Objective
from gwae_core.known_measurements import KnownMeasurements
from gwae_core.measurements import joined, measure
from gwae_core.model import read_config
from gwae_core.presets import MetricChoice, chosen_metrics
from gwae_core.resuming import how_to_resume, refuse_other_data
from gwae_core.run_data import OwnData, in_memory, load_data, rows_of
from gwae_core.run_folder import RunFolder
from gwae_core.run_lock import locked
from gwae_core.splits import Splits, restore

MAX_DISTANCES = 10_000
"""Most held-out points where their distances are a full matrix of the objective's own metric."""


@dataclass(frozen=True, eq=False)
class RunEvaluation(Mapping[str, float]):
    """The metrics that were asked for, as a mapping from names to numbers.

    Attributes:
        metrics: Numbers by name.
        intervals: Low and high end of the numbers that have a confidence interval.
        part: ``test`` or ``validation``.
        cached: Metrics that had been computed before.
        seconds: How long each of the others took.
        skipped: Metrics that do not apply to the data.
    """

    metrics: Mapping[str, float]
    intervals: Mapping[str, Sequence[float]]
    part: Part
    cached: tuple[str, ...]
    seconds: Mapping[str, float]
    skipped: tuple[str, ...]

    def __getitem__(self, name: str) -> float:
        return self.metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.metrics)

    def __len__(self) -> int:
        return len(self.metrics)


def evaluate_run(
    folder: Path | str,
    *,
    part: Part = "test",
    metrics: Sequence[MetricChoice] = (),
    preset: str | None = None,
    overrides: Sequence[str] = (),
    force: bool = False,
    observe: Callable[[str], None] | None = None,
    checkpoint: str | None = None,
    parts: Mapping[str, nn.Module] | None = None,
    data: OwnData | None = None,
    components: Sequence[type[Component]] = (),
    allow_import: bool = False,
) -> RunEvaluation:
    """Evaluate a run on the split that it was trained with, and store what is found in its folder.

    A metric that was computed before is taken from the folder if its settings, the seed, the
    checkpoint, the data, the part and all versions are the same. New numbers stand beside those
    that are there; numbers of another checkpoint are dropped.

    Args:
        folder: The run folder.
        part: ``test`` or ``validation``, on which settings are chosen.
        metrics: Metrics by name, mapping or configuration; none means those of the preset or of
            the run.
        preset: ``fast`` or ``paper``: settings of the metrics.
        overrides: Settings such as ``clustering.starts=5``.
        force: Compute again what was computed before.
        observe: Called with the name of each metric before it is computed.
        checkpoint: ``last`` or ``best``; None takes the one that the run selected.
        parts: Modules of your own that the run was trained with, by name.
        data: Data of your own that the run was trained with.
        components: Classes of your own that the run was trained with, registered by no plugin.
        allow_import: Whether the configuration may name code to import (`type: module`).

    Raises:
        ConfigError: A metric, a preset or a setting does not exist.
        DataError: The data are not those that the run was trained on, or the part is empty.
        GWAEError: The run cannot be loaded.
    """
    opened = RunFolder.open(folder)
    facts = opened.read_environment()
    config = read_config(opened, facts, parts=parts, components=components)
    chosen = chosen_metrics(
        config, metrics, preset=preset, overrides=overrides, components=components
    )
    arrays = load_data(config, data)
    refuse_other_data(arrays, facts)
    splits = restore(arrays, opened.read_split())
    path = opened.checkpoint(checkpoint or config.training.select)
    state, _ = read_checkpoint(path)

    def build() -> Objective:
        context = BuildContext.for_data(
            rows_of(splits.train), config.latent_dim, allow_import=allow_import
        )
        objective = build_objective(config, context, parts=parts)
        load_state(objective, state, path)
        return objective

    if "seconds" not in facts:
        warnings.warn(
            f"the run in {opened.path} is not finished; its checkpoint is evaluated, and "
            f"comparisons leave it out; {how_to_resume(opened)}",
            stacklevel=2,
        )
    with locked(opened.path):
        found = evaluate_trained(
            config.model_copy(update={"metrics": chosen}),
            build,
            splits,
            opened,
            part=part,
            checkpoint=path,
            force=force,
            observe=observe,
        )
    if found is None:
        raise DataError(
            f"the {part} part of the data is empty", hint=f"train with split.{part} above 0"
        )
    return found


def evaluate_trained(
    config: RunConfig,
    build: Callable[[], Objective],
    splits: Splits,
    folder: RunFolder,
    *,
    part: Part,
    checkpoint: Path,
    force: bool = False,
    observe: Callable[[str], None] | None = None,
) -> RunEvaluation | None:
    """Evaluate a trained model on a part of the data, where it holds any, and store what is found.

    Args:
        config: The run, with the metrics to compute.
        build: Gives the trained objective; it is called only if something is to be computed.
        splits: The data.
        folder: The run folder, which holds the environment of the run.
        part: ``test`` or ``validation``.
        checkpoint: The file of the objective's weights.
        force: Compute again what was computed before.
        observe: Called with the name of each metric before it is computed.
    """
    held_out = splits.test if part == "test" else splits.validation
    if not len(held_out.x):
        return None
    known = KnownMeasurements(config, splits, folder, part=part, checkpoint=checkpoint)
    keys = [known.key(metric) for metric in config.metrics]
    found = [None if force else known.find(key) for key in keys]
    cached = [one is not None for one in found]
    base = None if force else known.base
    if base is None or None in found:
        objective = build()
        with evaluation_mode(objective):
            train = in_memory(splits.train)
            held_out, d_x_name, d_x = _with_distances(objective, in_memory(held_out))
            data = metric_input(
                objective, train, held_out, seed=config.seed, d_x=d_x, d_x_name=d_x_name
            )
            for k, metric in enumerate(config.metrics):
                if found[k] is None:
                    built = metric.build()
                    if observe is not None and built.applies(data):
                        observe(metric.type)
                    found[k] = one = replace(measure(built, data), key=keys[k])
                    known.keep(one)
            base = base or drawn(data, train, held_out)
    asked = [one for one in found if one is not None]
    answer = joined(base, asked)
    known.store(base, asked)
    return RunEvaluation(
        answer.metrics,
        answer.facts["intervals"],
        part,
        tuple(one.metric for one, old in zip(asked, cached, strict=True) if old and one.applies),
        {
            one.metric: one.seconds
            for one, old in zip(asked, cached, strict=True)
            if not old and one.applies
        },
        tuple(answer.facts["skipped"]),
    )


def _with_distances(
    objective: Objective, held_out: DataArrays
) -> tuple[DataArrays, str, NDArray[np.float32] | None]:
    """Held-out data with their distances in the objective's own metric, where it has one.

    The matrix is of the square of their number, so that of more than `MAX_DISTANCES` points a
    random sample is taken.
    """
    x = torch.from_numpy(held_out.array)
    with torch.inference_mode():
        if objective.data_distances(x[:2]) is None:
            return held_out, "euclidean", None
        rows = random_subset(len(x), MAX_DISTANCES, seed=0)
        distances = objective.data_distances(x[rows])
    assert distances is not None
    name, d_x = distances
    taken = replace(
        held_out,
        x=held_out.array[rows],
        y=None if held_out.y is None else held_out.y[rows],
        factors=None if held_out.factors is None else held_out.factors[rows],
    )
    return taken, name, d_x.cpu().numpy()
