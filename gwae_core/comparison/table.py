"""`compare`: runs beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gwae_core.comparison.finished import FinishedRun, read_run, run_folders
from gwae_core.comparison.row_tests import (
    RowTest,
    against,
    baseline_position,
    close_to_best,
    corrected_tests,
    few_pairs,
)
from gwae_core.comparison.rows import Row, best_rows, differing_fields, row_labels, row_of
from gwae_core.errors import ConfigError, GWAEError, RunFolderError, did_you_mean


@dataclass(frozen=True)
class Comparison:
    """Runs beside each other.

    Attributes:
        rows: One for each configuration.
        labels: A name for each row.
        fields: Dotted paths of the fields in which the rows differ.
        metrics: Names, in the order of the runs' files.
        best: Name of a metric -> positions of the rows with the best mean; only where the metric
            says which direction is better, and all rows have the same data.
        close: Name of a metric -> positions of the rows that a paired t-test over common seeds does
            not tell from the best: p >= 0.05 after Holm's correction over the rows.
        untested: Whether a row has fewer than three seeds in common with the best one, so that it
            was not tested.
        baseline: Position of the row that the others are tested against, or None.
        corrected: Whether the p-values of the tests are Holm's, over all of them.
        tests: Every other row against the baseline, metric by metric.
        skipped: Folders that cannot be compared, and why.
        warnings: What a reader must know.
    """

    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    fields: tuple[str, ...]
    metrics: tuple[str, ...]
    best: Mapping[str, frozenset[int]]
    close: Mapping[str, frozenset[int]]
    untested: bool = False
    baseline: int | None = None
    corrected: bool = False
    tests: tuple[RowTest, ...] = ()
    skipped: tuple[tuple[Path, str], ...] = ()
    warnings: tuple[str, ...] = ()


def compare(
    folders: Sequence[Path],
    *,
    metrics: Sequence[str] = (),
    baseline: str | None = None,
    corrected: bool = False,
    more: Mapping[Path, Mapping[str, float]] | None = None,
) -> Comparison:
    """Compare runs by their configurations and their metrics on the test split.

    Args:
        folders: Run folders, or folders of run folders.
        metrics: Names, or parts of names such as ``clustering`` or ``accuracy``; none means all.
        baseline: Label or number, from 1, of the row that the others are tested against.
        corrected: Whether the p-values of these tests are corrected for being many (Holm, 1979).
        more: Further numbers of runs, by folder and name.

    Raises:
        RunFolderError: No run can be compared.
        ConfigError: A name is that of no metric of the runs, or there is no such baseline.
    """
    found: list[FinishedRun] = []
    skipped: list[tuple[Path, str]] = []
    for path in run_folders(folders):
        try:
            run = read_run(path)
        except GWAEError as error:
            skipped.append((path, error.message))
        else:
            found.append(replace(run, metrics={**run.metrics, **(more or {}).get(path, {})}))
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
    warnings += _other_checkpoints(found)
    rows = tuple(row_of(group, names) for group in groups)
    same_data = len({run.data for run in found}) == 1
    if not same_data:
        warnings.append("the runs were trained on different data: their numbers do not compare")
    best = best_rows(rows, names) if same_data and len(rows) > 1 else {}
    # Scores that models give each other are not independent over seeds.
    independent = [name for name in names if not name.startswith("udr.")]
    close, untested = close_to_best(rows, {n: top for n, top in best.items() if n in independent})
    labels = row_labels(rows)
    position: int | None = None
    tests: tuple[RowTest, ...] = ()
    if baseline is not None:
        position = baseline_position(labels, baseline)
        warnings += few_pairs(rows, labels, position)
        tests = against(rows, independent, position)
    return Comparison(
        rows=rows,
        labels=labels,
        fields=tuple(differing_fields(rows)),
        metrics=tuple(names),
        best=best,
        close=close,
        untested=untested,
        baseline=position,
        corrected=corrected,
        tests=corrected_tests(tests) if corrected else tests,
        skipped=tuple(skipped),
        warnings=tuple(warnings),
    )


def _chosen(names: list[str], asked: Sequence[str]) -> list[str]:
    """The names that hold one of the asked parts; all if nothing is asked."""
    for part in asked:
        if not any(f".{part}." in f".{name}." for name in names):
            parts = dict.fromkeys([*names, *(word for name in names for word in name.split("."))])
            meant = did_you_mean(part, parts)
            groups = Counter(name.partition(".")[0] for name in names)
            listed = ", ".join(f"{group} ({count})" for group, count in groups.items())
            raise ConfigError(
                f"no run has a metric {part!r}{meant}",
                hint=f"metrics: {listed}; without --metric every one is shown",
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


def _other_checkpoints(found: Sequence[FinishedRun]) -> Iterator[str]:
    for run in found:
        if run.checkpoint not in ("", selected := run.fields.get("training.select")):
            yield (
                f"the metrics of {run.path} are of its checkpoint {run.checkpoint!r}; the run "
                f"selected {selected!r}"
            )
