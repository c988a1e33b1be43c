"""What is known of a trained model from earlier evaluations, and what is added to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gwae_core.components import ComponentConfig
from gwae_core.config import PARTS, RunConfig
from gwae_core.errors import RunFolderError
from gwae_core.evaluation.stored import (
    Evaluation,
    Part,
    evaluation_folder,
    is_whole,
    load_evaluation,
    save_evaluation,
)
from gwae_core.measurement_cache import MeasurementCache, described, digest, stored_measurement
from gwae_core.measurements import Measurement, joined, merged
from gwae_core.provenance import components_of, environment
from gwae_core.registered import OwnPart
from gwae_core.run_folder import RunFolder
from gwae_core.splits import Splits


class KnownMeasurements:
    """Measurements of one checkpoint on one part of its data, those of the evaluation and others.

    A measurement is known by the digest of all that it depends on: weights, data and rows, part,
    seed, configuration, the metric's settings, and versions. Code of the user's own, which no
    plugin registers, has no version: what depends on it is stored, but never taken for the same.

    Args:
        config: The run.
        splits: Its data.
        folder: Its folder, which holds the environment of the run.
        part: The part of the data.
        checkpoint: The file of the weights.
    """

    def __init__(
        self, config: RunConfig, splits: Splits, folder: RunFolder, *, part: Part, checkpoint: Path
    ) -> None:
        self.facts = folder.read_environment()
        self.folder, self.part, self.checkpoint = folder.path, part, checkpoint
        model = config.model_copy(update={"metrics": (), "trackers": ()})
        self._own_code = _is_own_code(model) or any(
            isinstance(value, OwnPart) or value.type == "module"
            for value in (getattr(config, name) for name in PARTS)
        )
        rows = b"".join(np.ascontiguousarray(splits.index[name]).tobytes() for name in splits.index)
        versions = {k: v for k, v in environment().items() if k != "platform"}
        self.context = digest(
            hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
            self.facts.get("data", {}).get("checksum"),
            hashlib.sha256(rows).hexdigest(),
            part,
            {name: value for name, value in model.model_dump(mode="json").items() if name in MODEL},
            versions,
            components_of(model),
        )
        self._cache = MeasurementCache(evaluation_folder(folder.path, part), self.context)
        base, self._stored = self._read()
        self.base = None if self._own_code else base

    def key(self, metric: ComponentConfig) -> str:
        """Digest of all that a metric's result depends on; empty where it depends on own code."""
        if self._own_code or _is_own_code(metric):
            return ""
        values = metric.model_dump(mode="json")
        return digest(self.context, values, list(_files(values)), components_of(metric))

    def find(self, key: str) -> Measurement | None:
        """The measurement of a key, or None."""
        if not key:
            return None
        here = next((one for one in self._stored if one.key == key), None)
        return here or self._cache.find(key)

    def keep(self, one: Measurement) -> None:
        """Keep a measurement at once, so that it survives whatever comes before `store`."""
        if one.key:
            self._cache.save(one)

    def store(self, base: Evaluation, asked: Sequence[Measurement]) -> None:
        """Write the evaluation, if it changed: what is asked for, and beside it what else is known.

        Raises:
            RunFolderError: It cannot be written.
        """
        everything = merged(self._stored, asked)
        written = {id(one) for one in everything}
        for one in self._stored:
            if id(one) not in written:
                self.keep(one)
        whole = joined(base, everything)
        about = {
            "split": self.part,
            "finished": "seconds" in self.facts,
            "checkpoint": self.checkpoint.stem,
            "context": self.context,
            "measured": [described(one) for one in everything],
        }
        facts = {**whole.facts, **about}
        if self.base is None or facts != self.base.facts:
            save_evaluation(self.folder, replace(whole, facts=facts), part=self.part)
        self._cache.drop([one.key for one in everything])

    def _read(self) -> tuple[Evaluation | None, list[Measurement]]:
        """The stored evaluation without its metrics, and those; nothing where it is of another."""
        try:
            found = load_evaluation(self.folder, part=self.part)
            if found.facts.get("context") != self.context:
                return None, []
            if not is_whole(self.folder, part=self.part):
                return None, []
            stored = [
                stored_measurement(about, found.metrics, found.facts["intervals"], found.figures)
                for about in found.facts["measured"]
            ]
        except (RunFolderError, LookupError, TypeError, ValueError, AttributeError):
            return None, []
        arrays = {name for one in stored for name in one.arrays}
        figures = {name: array for name, array in found.figures.items() if name not in arrays}
        return Evaluation({}, figures, found.facts), stored


MODEL = ("seed", "latent_dim", "data", "split", *PARTS, "objective")
"""Fields of a run that a number depends on beside the weights."""


def _is_own_code(config: Any) -> bool:
    """Whether a configuration names a class that no plugin registers."""
    return any("class" in where for where in components_of(config).values())


def _files(values: Any) -> Iterator[tuple[str, int, int]]:
    """Path, size and time of change of every file or folder that a text among values names."""
    if isinstance(values, Mapping):
        yield from _files([inner for name, inner in values.items() if name != "type"])
    elif isinstance(values, list):
        for inner in values:
            yield from _files(inner)
    elif isinstance(values, str):
        with suppress(OSError, ValueError):
            found = Path(values).stat()
            yield values, found.st_size, found.st_mtime_ns
