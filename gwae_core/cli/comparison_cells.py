"""The cells of a comparison: what every format of it says, each in its own dress."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Literal

from gwae_core.comparison import FEWEST, LEVEL, Comparison, PairedTest, RowTest, Summary

Mark = Literal["best", "close", ""]
CLOSE = "≈"
"""Marks a value that a paired test does not tell from the best."""


def head(found: Comparison) -> tuple[list[str], list[list[str]]]:
    """The columns before the metrics: name, seeds, and what differs."""
    several = len({run.data for row in found.rows for run in row.runs}) > 1
    header = ["run", "seeds", *(["data"] if several else []), *found.fields]
    rows = []
    for label, row in zip(found.labels, found.rows, strict=True):
        data = [row.runs[0].data[:8]] if several else []
        fields = [shown(row.fields[f]) if f in row.fields else "-" for f in found.fields]
        rows.append([shown(label), seeds_text([run.seed for run in row.runs]), *data, *fields])
    return header, rows


def column(found: Comparison, name: str) -> list[tuple[str, Mark]]:
    """A metric in every row, and how it is marked."""
    best = found.best.get(name, frozenset())
    close = found.close.get(name, frozenset())
    return [
        (
            summary_text(row.metrics.get(name), len(row.runs)),
            "best" if position in best else "close" if position in close else "",
        )
        for position, row in enumerate(found.rows)
    ]


def groups(found: Comparison) -> dict[str, list[str]]:
    """Names of the metrics by what stands before their last part."""
    result: dict[str, list[str]] = {}
    for name in found.metrics:
        result.setdefault(name.rpartition(".")[0], []).append(name)
    return result


def legend(found: Comparison, *, best: str = "*") -> list[str]:
    """What the marks mean, where there are any."""
    if not found.best:
        return []
    lines = [f"{best} the best of its column"]
    if any(found.close.values()):
        lines.append(
            f"{CLOSE} not told from the best: paired t-test over common seeds, p >= {LEVEL} after "
            "Holm's correction over rows"
        )
    if found.untested:
        lines.append(f"rows with fewer than {FEWEST} seeds in common with the best are not tested")
    return lines


TEST_HEADER = ("metric", "run", "pairs", "difference", "p t-test", "p Wilcoxon")


def paired_title(found: Comparison) -> str:
    """What the table of tests shows."""
    assert found.baseline is not None
    corrected = ", p-values after Holm's correction over all tests" if found.corrected else ""
    return f"paired tests against {shown(found.labels[found.baseline])} by seed{corrected}"


def paired_cells(found: Comparison, one: RowTest) -> list[str]:
    """A line of the table of tests."""
    return [
        one.metric,
        shown(found.labels[one.row]),
        str(one.test.pairs),
        difference_text(one.test),
        p_text(one.test.t),
        p_text(one.test.wilcoxon),
    ]


def difference_text(test: PairedTest) -> str:
    """Mean difference and its standard error."""
    if test.difference is None:
        return "-"
    sign = "+" if test.difference > 0 else ""
    return sign + summary_text(Summary(test.difference, test.error, test.pairs), test.pairs)


def p_text(p: float | None) -> str:
    """A p-value with three decimals."""
    if p is None:
        return "-"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def seeds_text(seeds: Sequence[int]) -> str:
    """Ascending seeds, those in a row as a range: ``0-4, 7``."""
    ranges: list[list[int]] = []
    for seed in seeds:
        if ranges and seed == ranges[-1][-1] + 1:
            ranges[-1].append(seed)
        else:
            ranges.append([seed])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in ranges)


def summary_text(value: Summary | None, runs: int) -> str:
    """Mean and standard error, which says how many digits the mean has: ``0.912 ± 0.014``."""
    if value is None:
        return "-"
    if value.error is None or not math.isfinite(value.error) or not math.isfinite(value.mean):
        text = f"{value.mean:.4g}"
    elif value.error == 0:
        text = f"{value.mean:.4g} ± 0"
    else:
        digits = max(0, 1 - math.floor(math.log10(value.error)))
        text = f"{value.mean:.{digits}f} ± {value.error:.{digits}f}"
        if digits > 12:
            text = f"{value.mean:.4g} ± {value.error:.2g}"
    return text if value.n == runs else f"{text} ({value.n} of {runs})"


def shown(value: Any) -> str:
    """A value in a cell: on one line, and without what a terminal would obey."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
