"""The part in a run of the processes that are not the first: to train, and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, cast

import numpy as np
from numpy.typing import NDArray
from torch import nn

from gwae_core.build import build_objective
from gwae_core.config import RunConfig, TrainingConfig
from gwae_core.context import BuildContext
from gwae_core.engine import Loop, TrainingState, seeded
from gwae_core.errors import DataError
from gwae_core.interruption import watch_for_stop
from gwae_core.launching import joined, started_elsewhere
from gwae_core.process_group import ProcessGroup
from gwae_core.run_data import (
    OwnData,
    load_data,
    rows_of,
    training_batches,
    validation_batches,
)
from gwae_core.splits import checksum, restore


@dataclass(frozen=True)
class Work:
    """What the first process tells the others to train on.

    Attributes:
        checksum: That of the data.
        index: Rows of each part of the data.
    """

    checksum: str
    index: Mapping[str, NDArray[np.int64]]


def dismiss(training: TrainingConfig, size: int) -> None:
    """Let processes that were started end, as there is nothing to train."""
    if size > 1 and started_elsewhere():
        with joined(training, size) as processes:
            assert processes is not None
            processes.same(None)


def follow(
    config: RunConfig,
    size: int,
    *,
    parts: Mapping[str, nn.Module],
    data: OwnData | None,
    allow_import: bool,
) -> NoReturn:
    """Train along with the first process, then end this one."""
    with warnings.catch_warnings(), joined(config.training, size) as processes:
        warnings.simplefilter("ignore")  # the first process has the same ones
        assert processes is not None
        _train(processes, config, parts=parts, data=data, allow_import=allow_import)
    raise SystemExit


def _train(
    processes: ProcessGroup,
    config: RunConfig,
    *,
    parts: Mapping[str, nn.Module],
    data: OwnData | None,
    allow_import: bool,
) -> None:
    # the data are read after the first process has: what it fetched is there on the same host
    work = processes.same(cast("Work | None", None))
    if work is None:
        return
    arrays = load_data(config, data)
    if checksum(arrays) != work.checksum:
        raise DataError(
            "the data differ from those of the first process",
            hint="each host needs the same files",
        )
    splits = restore(arrays, work.index)
    rows = rows_of(splits.train)
    context = BuildContext.for_data(rows, config.latent_dim, allow_import=allow_import)
    with seeded(config.seed), watch_for_stop() as stop:
        loop = Loop(
            build_objective(config, context, parts=parts),
            training_batches(splits.train, config.training, seed=config.seed),
            config.training,
            validation=validation_batches(splits),
            seed=config.seed,
            processes=processes,
        )
        if (state := processes.same(cast("TrainingState | None", None))) is not None:
            loop.load_state(state)
        for record in loop.run():
            if record["event"] == "progress" and stop.agreed(processes):
                break
