"""Metrics as a person reads them: key numbers with their baselines, and tables by variant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gwae_core.report.names import (
    COLUMNS,
    FAMILIES,
    METRICS,
    NOTES,
    ROWS,
    TITLES,
    column_name,
    is_baseline,
    variant_name,
)
from gwae_core.report.records import finite

Ends = Mapping[str, tuple[float, float]]
"""Low and high end of the values that have a confidence interval."""


@dataclass(frozen=True)
class KeyNumber:
    """A number for the top of the page.

    Attributes:
        title: What it is.
        value: As text.
        beside: What to compare it with; may be empty.
        interval: Its confidence interval as text; empty where it has none.
    """

    title: str
    value: str
    beside: str = ""
    interval: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        name: What the values are of.
        cells: Values as text; empty where there is none.
        baseline: Whether it is no work of the model.
        intervals: Confidence intervals as text, one a cell; empty where there is none.
    """

    name: str
    cells: tuple[str, ...]
    baseline: bool
    intervals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """Values of one metric, or of several of a family, one row a variant.

    Attributes:
        title: The metric or family.
        columns: Names of the values.
        rows: Rows that have some of the columns in common.
        note: How to read the values, below; may be empty.
        headed: Whether the title stands above; not over more tables of the same.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str
    headed: bool = True


def format_number(value: float) -> str:
    """Three decimals around one, one decimal above ten, else three significant digits."""
    if value == int(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    if 10 <= abs(value) < 1e4:
        return f"{value:.1f}"
    return f"{value:.3f}" if 0.01 <= abs(value) < 10 else f"{value:.3g}"


def intervals_of(facts: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """The confidence intervals among the facts of an evaluation; those that are two numbers."""
    stored = facts.get("intervals")
    found = {}
    for name, ends in stored.items() if isinstance(stored, Mapping) else ():
        match [finite(end) for end in ends] if isinstance(ends, list) else []:
            case [float(low), float(high)]:
                found[str(name)] = (low, high)
    return found


def format_interval(ends: tuple[float, float] | None) -> str:
    """Both ends in brackets; empty where there is no interval."""
    return "" if ends is None else f"[{format_number(ends[0])}, {format_number(ends[1])}]"


def key_numbers(
    metrics: Mapping[str, float], *, d_x_name: str, intervals: Ends | None = None
) -> list[KeyNumber]:
    """The most telling numbers, each with its baseline and, where there is one, its interval."""
    found: list[KeyNumber] = []
    ends = intervals or {}

    def add(title: str, name: str, beside: str = "") -> None:
        if name in metrics:
            value, interval = format_number(metrics[name]), format_interval(ends.get(name))
            found.append(KeyNumber(title, value, beside, interval))

    def baseline(what: str, name: str) -> str:
        return f"{what}: {format_number(metrics[name])}" if name in metrics else ""

    for assignment in ("prior", "kmeans"):
        if f"clustering.{assignment}.accuracy" in metrics:
            raw = "k-means on raw data"
            for column, title in (
                ("accuracy", f"clustering accuracy ({ROWS[assignment]})"),
                ("nmi", "normalised mutual information"),
            ):
                beside = baseline(raw, f"clustering.pixel-kmeans.{column}")
                add(title, f"clustering.{assignment}.{column}", beside)
            break
    for variant in ("gbt", "forest"):
        if f"dci.{variant}.disentanglement" in metrics:
            beside = baseline("completeness", f"dci.{variant}.completeness")
            add(f"disentanglement (DCI, {variant})", f"dci.{variant}.disentanglement", beside)
            break
    add("mutual information gap (MIG)", "mig.score", "perfect: 1")
    beside = "perfect: 1"
    if d_x_name != "euclidean":
        known = baseline("with Euclidean distances of data", "geometry.euclidean.spearman")
        beside = known or beside
    title = f"rank correlation of distances ({d_x_name})"
    add(title, f"geometry.{d_x_name}.spearman", beside)
    beside = "the mean of the data: 1"
    if "reconstruction.psnr" in metrics:
        beside += f"; PSNR {metrics['reconstruction.psnr']:.1f} dB"
    add("MSE / variance", "reconstruction.relative_mse", beside)
    return found


def tables(metrics: Mapping[str, float], intervals: Ends | None = None) -> list[Table]:
    """All metrics: variants as rows, values as columns, baselines last in their table.

    A metric or family has one table, and another for rows that share no column with the others.
    """
    by_title: dict[str, dict[tuple[str, str], dict[str, str]]] = {}
    for name in metrics:
        metric, _, rest = name.partition(".")
        variant, _, column = rest.rpartition(".")
        family = FAMILIES.get(metric, metric)
        if metric in FAMILIES and column not in COLUMNS:  # a score that is named by its variant
            variant, column = rest, "score"
        by_title.setdefault(family, {}).setdefault((metric, variant), {})[column or metric] = name
    order = [*(title for title in TITLES if title in by_title), *by_title]
    found = []
    for title in dict.fromkeys(order):
        groups = _connected(by_title[title])
        for k, rows in enumerate(groups):
            one = _table(title, rows, metrics, intervals or {})
            note = one.note if k == len(groups) - 1 else ""
            found.append(replace(one, headed=k == 0, note=note))
    return found


Names = Mapping[tuple[str, str], Mapping[str, str]]
"""Full names by column, of each row: a metric and its variant."""


def _connected(rows: Names) -> list[Names]:
    """Rows in groups without a column in common."""
    groups: list[tuple[set[str], list[tuple[str, str]]]] = []
    for row, names in rows.items():
        joined = [group for group in groups if group[0] & names.keys()]
        merged = (set(names), [row])
        for columns, members in reversed(joined):
            merged = (columns | merged[0], [*members, *merged[1]])
        place = groups.index(joined[0]) if joined else len(groups)
        groups = [group for group in groups if group not in joined]
        groups.insert(place, merged)
    return [{row: rows[row] for row in members} for _, members in groups]


def _table(
    family: str,
    rows: Names,
    metrics: Mapping[str, float],
    intervals: Ends,
) -> Table:
    present = dict.fromkeys(column for names in rows.values() for column in names)
    columns = [column for column in COLUMNS if column in present]
    columns += [column for column in present if column not in COLUMNS]
    found = []
    for (metric, variant), names in sorted(rows.items(), key=lambda row: is_baseline(row[0][1])):
        cells, ends = [], []
        for column in columns:
            name = names.get(column)
            cells.append("" if name is None else format_number(metrics[name]))
            ends.append("" if name is None else format_interval(intervals.get(name)))
        title = variant_name(variant, metric)
        if family in FAMILIES.values():
            title = f"{METRICS.get(metric, metric)}{f' ({title})' if title else ''}"
        found.append(
            Row(
                name=title or "test split",
                cells=tuple(cells),
                baseline=is_baseline(variant),
                intervals=tuple(ends) if any(ends) else (),
            )
        )
    return Table(
        title=TITLES.get(family, family),
        columns=tuple(column_name(column) for column in columns),
        rows=tuple(found),
        note=NOTES.get(family, ""),
    )
