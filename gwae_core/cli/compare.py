"""`gwae compare`: a comparison as a table for people, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal, cast, get_args

import typer

from gwae_core.cli.tables import screen_width, table
from gwae_core.comparison import Comparison, FinishedRun, Row, Summary, compare
from gwae_core.errors import ConfigError
from gwae_core.files import write_text

Format = Literal["table", "markdown", "csv"]


def compared(
    runs: Sequence[Path],
    *,
    metrics: Sequence[str] = (),
    form: str = "table",
    output: Path | None = None,
    as_json: bool = False,
) -> None:
    """Compare runs and print or write it; what is left out is said on stderr.

    Raises:
        ConfigError: There is no such format, or no such metric.
        RunFolderError: No run can be compared, or the file cannot be written.
    """
    if form not in get_args(Format):
        raise ConfigError(f"--format must be {', '.join(get_args(Format))}; got {form!r}")
    found = compare(runs, metrics=metrics)
    for path, reason in found.skipped:
        typer.echo(f"skipped {path}: {reason}", err=True)
    for sentence in found.warnings:
        typer.echo(f"warning: {sentence}", err=True)
    text = comparison_json(found) if as_json else comparison_text(found, cast(Format, form))
    if output is None:
        typer.echo(text)
        return
    write_text(output, text + "\n")
    typer.echo(f"wrote {output}")


def comparison_text(found: Comparison, form: Format) -> str:
    """A comparison in one of the formats."""
    match form:
        case "table":
            return _table(found)
        case "markdown":
            return _markdown(found)
        case "csv":
            return _csv(found)


def comparison_json(found: Comparison) -> str:
    """A comparison for programs."""
    rows = [
        {
            "label": label,
            "runs": [str(run.path) for run in row.runs],
            "seeds": [run.seed for run in row.runs],
            "data": row.runs[0].data,
            "fields": {path: row.fields.get(path) for path in found.fields},
            "metrics": {name: _plain(asdict(value)) for name, value in row.metrics.items()},
            "best": [name for name, rows in found.best.items() if position in rows],
        }
        for position, (label, row) in enumerate(zip(labels(found), found.rows, strict=True))
    ]
    skipped = [{"folder": str(path), "reason": reason} for path, reason in found.skipped]
    listed = {"rows": rows, "skipped": skipped, "warnings": found.warnings}
    return json.dumps(listed, indent=2, ensure_ascii=False, default=str)


def labels(found: Comparison) -> list[str]:
    """A name for each row: the folder of one run, what the folders of several begin with."""
    names = [_common(row.runs) for row in found.rows]
    return [
        name if names.count(name) == 1 else str(row.runs[0].path)
        for name, row in zip(names, found.rows, strict=True)
    ]


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


def _common(runs: Sequence[FinishedRun]) -> str:
    paths = [str(run.path) for run in runs]
    if len(paths) == 1:
        return paths[0]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*paths, strict=False))
    start = "".join(letters[0] for letters in alike)
    return re.sub(r"[-_./]*(seed)?[-_./]*\d*$", "", start) or paths[0]


def _head(found: Comparison) -> tuple[list[str], list[list[str]]]:
    """The columns before the metrics: name, seeds, and what differs."""
    several = len({run.data for row in found.rows for run in row.runs}) > 1
    header = ["run", "seeds", *(["data"] if several else []), *found.fields]
    rows = []
    for label, row in zip(labels(found), found.rows, strict=True):
        data = [row.runs[0].data[:8]] if several else []
        fields = [_shown(row.fields[f]) if f in row.fields else "-" for f in found.fields]
        rows.append([_shown(label), seeds_text([run.seed for run in row.runs]), *data, *fields])
    return header, rows


def _cells(found: Comparison, name: str, mark: str) -> list[str]:
    """The column of a metric; the best values are marked."""
    best = found.best.get(name, frozenset())
    cells = []
    for position, row in enumerate(found.rows):
        text = summary_text(row.metrics.get(name), len(row.runs))
        cells.append(mark.format(text) if position in best else text)
    return cells


def _table(found: Comparison) -> str:
    header, rows = _head(found)
    parts = [table(header, rows, width=screen_width())]
    groups: dict[str, list[str]] = {}
    for name in found.metrics:
        groups.setdefault(name.rpartition(".")[0], []).append(name)
    for group, names in groups.items():
        columns = [_cells(found, name, "{} *") for name in names]
        # without a mark the number ends where the marked ones do
        padded = [
            [c if c.endswith("*") or not any(d.endswith("*") for d in column) else f"{c}  "
             for c in column]
            for column in columns
        ]  # fmt: skip
        lines = [
            [row[0], *cells] for row, cells in zip(rows, zip(*padded, strict=True), strict=True)
        ]
        titles = [group, *(name.rpartition(".")[2] for name in names)]
        parts.append(table(titles, lines, numbers=True))
    if found.best:
        parts.append("* the best of its column")
    return "\n\n".join(parts)


def _markdown(found: Comparison) -> str:
    header, rows = _head(found)
    columns = [_cells(found, name, "**{}**") for name in found.metrics]
    lines = [[*header, *found.metrics]]
    lines += [[*row, *(column[k] for column in columns)] for k, row in enumerate(rows)]
    text = [f"| {' | '.join(map(_escaped, line))} |" for line in lines]
    rule = [" --- "] * len(header) + [" ---: "] * len(columns)
    return "\n".join([text[0], f"|{'|'.join(rule)}|", *text[1:]])


def _csv(found: Comparison) -> str:
    header, rows = _head(found)
    for name in found.metrics:
        header += [name, f"{name} standard error", f"{name} n"]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    for row, start in zip(found.rows, rows, strict=True):
        writer.writerow([*start, *(cell for name in found.metrics for cell in _numbers(row, name))])
    return file.getvalue().rstrip("\n")


def _numbers(row: Row, name: str) -> list[str]:
    value = row.metrics.get(name)
    if value is None:
        return ["", "", "0"]
    return [repr(value.mean), "" if value.error is None else repr(value.error), str(value.n)]


def _shown(value: Any) -> str:
    """A value in a cell: on one line, and without what a terminal would obey."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers that JSON has no word for as null."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }
