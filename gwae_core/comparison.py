"""Runs beside each other: what they differ in, and their metrics over seeds."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwae_core.config import read_text
from gwae_core.errors import ConfigError, GWAEError, RunFolderError
from gwae_core.evaluation.stored import FOLDER
from gwae_core.files import read_json
from gwae_core.interfaces.metric import Better, Metric
from gwae_core.plugins import registry
from gwae_core.run_folder import RunFolder
from gwae_core.yaml import parse_yaml

ASIDE = ("schema_version", "trackers")
"""Fields that no number depends on."""


@dataclass(frozen=True)
class FinishedRun:
    """What is read of a run folder: text and numbers, no component.

    Attributes:
        path: The folder, as it was given.
        seed: Its seed.
        fields: Fields of its configuration by dotted path, but the seed.
        metrics: Values by name.
        data: Checksum of its data.
        checkpoint: Name of the checkpoint that the metrics are of; empty where nobody wrote it.
    """

    path: Path
    seed: int
    fields: Mapping[str, Any]
    metrics: Mapping[str, float]
    data: str
    checkpoint: str = ""


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


@dataclass(frozen=True)
class Comparison:
    """Runs beside each other.

    Attributes:
        rows: One for each configuration.
        fields: Dotted paths of the fields in which the rows differ.
        metrics: Names, in the order of the runs' files.
        best: Name of a metric -> positions of the rows with the best mean; only where the metric
            says which direction is better, and all rows have the same data.
        skipped: Folders that cannot be compared, and why.
        warnings: What a reader must know.
    """

    rows: tuple[Row, ...]
    fields: tuple[str, ...]
    metrics: tuple[str, ...]
    best: Mapping[str, frozenset[int]]
    skipped: tuple[tuple[Path, str], ...] = ()
    warnings: tuple[str, ...] = field(default=())


def compare(folders: Sequence[Path], *, metrics: Sequence[str] = ()) -> Comparison:
    """Compare runs by their configurations and their metrics on the test split.

    Args:
        folders: Run folders, or folders of run folders.
        metrics: Names, or parts of names such as ``clustering`` or ``accuracy``; none means all.

    Raises:
        RunFolderError: No run can be compared.
        ConfigError: A name is that of no metric of the runs.
    """
    found: list[FinishedRun] = []
    skipped: list[tuple[Path, str]] = []
    for path in _run_folders(folders):
        try:
            found.append(read_run(path))
        except GWAEError as error:
            skipped.append((path, error.message))
    if not found:
        raise RunFolderError(
            "; ".join(["there is no run to compare", *(reason for _, reason in skipped)]),
            hint="give folders that `gwae train` wrote to the end",
        )
    names = _chosen(list(dict.fromkeys(name for run in found for name in run.metrics)), metrics)
    groups: list[list[FinishedRun]] = []
    for run in found:
        group = next((g for g in groups if _alike(g[0], run)), None)
        groups.append([run]) if group is None else group.append(run)
    warnings = [sentence for group in groups for sentence in _drop_repeated(group)]
    for run in found:
        if run.checkpoint not in ("", selected := run.fields.get("training.select")):
            warnings.append(
                f"the metrics of {run.path} are of its checkpoint {run.checkpoint!r}; the run "
                f"selected {selected!r}"
            )
    rows = tuple(_row(group, names) for group in groups)
    same_data = len({run.data for run in found}) == 1
    if not same_data:
        warnings.append("the runs were trained on different data: their numbers do not compare")
    return Comparison(
        rows=rows,
        fields=tuple(_differing(rows)),
        metrics=tuple(names),
        best=_best(rows, names) if same_data and len(rows) > 1 else {},
        skipped=tuple(skipped),
        warnings=tuple(warnings),
    )


def read_run(path: Path) -> FinishedRun:
    """Read the configuration and the metrics of a run; its plugins need not be installed.

    Raises:
        GWAEError: The folder holds no run, an unfinished one, or files that are damaged.
    """
    folder = RunFolder.open(path)
    values = parse_yaml(read_text(folder.config), source=str(folder.config))
    if not (path / FOLDER / "metrics.json").is_file():
        raise RunFolderError(f"{path} holds no evaluation: the run is not finished")
    metrics = read_json(path / FOLDER / "metrics.json")
    facts_file = path / FOLDER / "facts.json"
    facts = read_json(facts_file) if facts_file.is_file() else {}
    if facts.get("finished") is False:
        raise RunFolderError(f"{path} is left out: the run was not finished when it was evaluated")
    data = folder.read_environment().get("data")
    seed = values.get("seed", 0)
    try:
        numbers = {name: float(value) for name, value in metrics.items()}
    except (TypeError, ValueError, OverflowError):
        numbers = {}
    if not (numbers and isinstance(seed, int) and isinstance(data, dict)):
        raise RunFolderError(f"{path} is damaged: its files are not those of a run with metrics")
    fields = dict(flat({k: v for k, v in values.items() if k not in ("seed", *ASIDE)}))
    checkpoint = str(facts.get("checkpoint", ""))
    return FinishedRun(path, seed, fields, numbers, str(data.get("checksum")), checkpoint)


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested values by dotted path; a list of plain values is one leaf."""
    if isinstance(value, Mapping):
        items = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        items = [(str(position), inner) for position, inner in enumerate(value)]
    else:
        yield path, value
        return
    for key, inner in items:
        yield from flat(inner, f"{path}.{key}" if path else key)


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Dotted paths at which two configurations have different values, or one has none."""
    missing = object()
    return [k for k in dict.fromkeys([*a, *b]) if a.get(k, missing) != b.get(k, missing)]


def _run_folders(folders: Sequence[Path]) -> list[Path]:
    """Each folder once; one that holds runs stands for them."""
    found: dict[Path, Path] = {}
    for folder in folders:
        inside = []
        if folder.is_dir() and not RunFolder(folder).config.is_file():
            # runs/NAME, and runs/NAME/seed-N of several seeds
            files = (*folder.glob("*/config.yaml"), *folder.glob("*/*/config.yaml"))
            inside = sorted(file.parent for file in files)
        for path in inside or [folder]:
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _chosen(names: list[str], asked: Sequence[str]) -> list[str]:
    """The names that hold one of the asked parts; all if nothing is asked."""
    for part in asked:
        if not any(f".{part}." in f".{name}." for name in names):
            parts = dict.fromkeys([*names, *(word for name in names for word in name.split("."))])
            close = difflib.get_close_matches(part, parts, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise ConfigError(
                f"no run has a metric {part!r}{meant}", hint=f"metrics: {', '.join(names)}"
            )
    return [n for n in names if not asked or any(f".{part}." in f".{n}." for part in asked)]


def _alike(a: FinishedRun, b: FinishedRun) -> bool:
    return a.fields == b.fields and a.data == b.data


def _drop_repeated(group: list[FinishedRun]) -> Iterator[str]:
    """Keep one run of each seed: a repeated one would make the standard error too small."""
    first: dict[int, FinishedRun] = {}
    for run in group:
        kept = first.setdefault(run.seed, run)
        if kept is not run:
            yield f"{run.path} repeats {kept.path} (seed {run.seed}); the first one counts"
    group[:] = [first[seed] for seed in sorted(first)]


def _row(group: Sequence[FinishedRun], names: Sequence[str]) -> Row:
    values = {name: [r.metrics[name] for r in group if name in r.metrics] for name in names}
    return Row(tuple(group), {name: Summary.of(found) for name, found in values.items() if found})


def _differing(rows: Sequence[Row]) -> list[str]:
    """Fields of which two rows have different values; one that a row lacks tells nothing."""
    paths = dict.fromkeys(path for row in rows for path in row.fields)
    return [
        path
        for path in paths
        if len({repr(row.fields[path]) for row in rows if path in row.fields}) > 1
    ]


def _best(rows: Sequence[Row], names: Sequence[str]) -> dict[str, frozenset[int]]:
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
    for entry in registry():
        component = entry.component
        if issubclass(component, Metric) and component.name() == metric:
            return component.better.get(rest.rpartition(".")[2])
    return None
