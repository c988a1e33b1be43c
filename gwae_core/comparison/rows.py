"""Rows of a comparison: runs that differ in the seed alone, and their numbers over seeds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from gwae_core.comparison.finished import FinishedRun
from gwae_core.interfaces.metric import Better, Metric
from gwae_core.plugins import registry


@dataclass(frozen=True)
class Summary:
    """A number over runs that differ in the seed alone.

    Attributes:
        mean: Mean over the runs that have it.
        error: Standard error of the mean, s / sqrt(n) with s of n - 1 degrees of freedom; None of a
            single run.
        n: Runs that have it.
    """

    mean: float
    error: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Summary:
        """Mean and standard error of at least one value."""
        n = len(values)
        mean = sum(values) / n
        if n == 1:
            return cls(mean, None, 1)
        spread = sum((value - mean) * (value - mean) for value in values) / (n - 1)
        return cls(mean, math.sqrt(spread / n), n)


@dataclass(frozen=True)
class Row:
    """Runs that differ in the seed alone.

    Attributes:
        runs: The runs, by seed.
        metrics: Summaries by name of the metric.
    """

    runs: tuple[FinishedRun, ...]
    metrics: Mapping[str, Summary]

    @property
    def fields(self) -> Mapping[str, Any]:
        """The configuration but its seed."""
        return self.runs[0].fields

    def by_seed(self, name: str) -> dict[int, float]:
        """A metric by seed."""
        return {run.seed: run.metrics[name] for run in self.runs if name in run.metrics}


def row_of(group: Sequence[FinishedRun], names: Sequence[str]) -> Row:
    """Runs that differ in the seed alone, in one row."""
    values = {name: [r.metrics[name] for r in group if name in r.metrics] for name in names}
    return Row(tuple(group), {name: Summary.of(found) for name, found in values.items() if found})


def row_labels(rows: Sequence[Row]) -> tuple[str, ...]:
    """A name for each row: the folder of one run, what the folders of several begin with."""
    names = [_common([str(run.path) for run in row.runs]) for row in rows]
    return tuple(
        name if names.count(name) == 1 else str(row.runs[0].path)
        for name, row in zip(names, rows, strict=True)
    )


def _common(paths: Sequence[str]) -> str:
    if len(paths) == 1:
        return paths[0]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*paths, strict=False))
    start = "".join(letters[0] for letters in alike)
    return re.sub(r"[-_./]*(seed)?[-_./]*\d*$", "", start) or paths[0]


def differing_fields(rows: Sequence[Row]) -> list[str]:
    """Fields of which two rows have different values; one that a row lacks tells nothing."""
    paths = dict.fromkeys(path for row in rows for path in row.fields)
    return [
        path
        for path in paths
        if len({repr(row.fields[path]) for row in rows if path in row.fields}) > 1
    ]


def best_rows(rows: Sequence[Row], names: Sequence[str]) -> dict[str, frozenset[int]]:
    """Positions of the rows with the best mean of each metric that says which way is better."""
    best = {}
    for name in names:
        means = {k: row.metrics[name].mean for k, row in enumerate(rows) if name in row.metrics}
        finite = {k: mean for k, mean in means.items() if math.isfinite(mean)}
        better = direction(name)
        if len(finite) > 1 and better is not None:
            top = (max if better == "higher" else min)(finite.values())
            best[name] = frozenset(k for k, mean in finite.items() if mean == top)
    return best


def direction(name: str) -> Better | None:
    """Which direction of a value ``metric.variant.name`` is better, as its metric declares."""
    metric, _, rest = name.partition(".")
    if metric == "udr":  # of several runs together, so that no component gives it
        return "higher" if rest.endswith("score") else None
    for entry in registry():
        component = entry.component
        if issubclass(component, Metric) and component.name() == metric:
            return component.better.get(rest.rpartition(".")[2])
    return None
