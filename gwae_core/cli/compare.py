"""`gwae compare`: a comparison for people, papers and programs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, cast, get_args

import typer

from gwae_core.cli.comparison_cells import (
    CLOSE,
    TEST_HEADER,
    Mark,
    column,
    groups,
    head,
    legend,
    paired_cells,
    paired_title,
    shown,
)
from gwae_core.cli.tables import screen_width, table
from gwae_core.comparison import Comparison, PairedTest, Row, compare
from gwae_core.errors import ConfigError
from gwae_core.files import write_text

Format = Literal["table", "markdown", "csv", "latex", "html"]


def compared(
    runs: Sequence[Path],
    *,
    metrics: Sequence[str] = (),
    baseline: str | None = None,
    corrected: bool = False,
    udr: str | None = None,
    form: str = "table",
    output: Path | None = None,
    as_json: bool = False,
    allow_import: bool = False,
) -> None:
    """Compare runs and print or write it; what is left out is said on stderr.

    Raises:
        ConfigError: There is no such format, metric, baseline or similarity.
        RunFolderError: No run can be compared, or the file cannot be written.
    """
    if form not in get_args(Format):
        raise ConfigError(f"--format must be {', '.join(get_args(Format))}; got {form!r}")
    if corrected and baseline is None:
        raise ConfigError(
            "--holm corrects the tests against a baseline, and there is none",
            hint="name a row: --baseline 1",
        )
    more = {} if udr is None else _ranked(runs, udr, allow_import=allow_import)
    if more and metrics:
        metrics = [*metrics, "udr"]
    found = compare(runs, metrics=metrics, baseline=baseline, corrected=corrected, more=more)
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


def _ranked(
    runs: Sequence[Path], similarity: str, *, allow_import: bool
) -> dict[Path, dict[str, float]]:
    # Models are loaded for this alone.
    from gwae_core.evaluation.udr import Similarity
    from gwae_core.run_ranking import rank_runs

    if similarity not in get_args(Similarity):
        allowed = " or ".join(get_args(Similarity))
        raise ConfigError(f"--udr must be {allowed}; got {similarity!r}")
    rows = compare(runs).rows
    return rank_runs(rows, cast(Similarity, similarity), allow_import=allow_import)


def comparison_text(found: Comparison, form: Format) -> str:
    """A comparison in one of the formats."""
    match form:
        case "table":
            return _table(found)
        case "markdown":
            return _markdown(found)
        case "csv":
            return _csv(found)
        case "latex":
            from gwae_core.cli.comparison_latex import comparison_latex

            return comparison_latex(found)
        case "html":
            from gwae_core.cli.comparison_html import comparison_html

            return comparison_html(found)


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
            "values": {name: _plain(row.by_seed(name)) for name in row.metrics},
            "best": [name for name, rows in found.best.items() if position in rows],
            "close": [name for name, rows in found.close.items() if position in rows],
        }
        for position, (label, row) in enumerate(zip(found.labels, found.rows, strict=True))
    ]
    tests = [
        {"metric": one.metric, "row": found.labels[one.row], **_plain(asdict(one.test))}
        for one in found.tests
    ]
    listed = {
        "rows": rows,
        "baseline": None if found.baseline is None else found.labels[found.baseline],
        "correction": "holm" if found.corrected else None,
        "tests": tests,
        "skipped": [{"folder": str(path), "reason": why} for path, why in found.skipped],
        "warnings": found.warnings,
    }
    return json.dumps(listed, indent=2, ensure_ascii=False, default=str)


def _table(found: Comparison) -> str:
    header, rows = head(found)
    parts = [table(header, rows, width=screen_width())]
    signs: dict[Mark, str] = {"best": " *", "close": f" {CLOSE}", "": ""}
    for group, names in groups(found).items():
        columns = [column(found, name) for name in names]
        padded = []
        for cells in columns:
            # without a mark the number ends where the marked ones do
            blank = "  " if any(mark for _, mark in cells) else ""
            padded.append([text + (signs[mark] or blank) for text, mark in cells])
        lines = [
            [row[0], *cells] for row, cells in zip(rows, zip(*padded, strict=True), strict=True)
        ]
        titles = [group, *(name.rpartition(".")[2] for name in names)]
        parts.append(table(titles, lines, numbers=True))
    if notes := legend(found):
        parts.append("\n".join(notes))
    if ranked := [name for name in found.metrics if name.startswith("udr.")]:
        lines = [
            [shown(str(run.path)), *(f"{run.metrics[name]:.4g}" for name in ranked)]
            for row in found.rows
            for run in row.runs
            if all(name in run.metrics for name in ranked)
        ]
        parts.append(table(["run by run", *ranked], lines, numbers=True))
    if found.baseline is not None:
        tests = [paired_cells(found, one) for one in found.tests]
        parts.append(f"{paired_title(found)}\n\n{table(TEST_HEADER, tests)}")
    return "\n\n".join(parts)


def _markdown(found: Comparison) -> str:
    signs: dict[Mark, str] = {"best": "**{}**", "close": "{} " + CLOSE, "": "{}"}
    header, rows = head(found)
    columns = [
        [signs[mark].format(text) for text, mark in column(found, name)] for name in found.metrics
    ]
    lines = [[*row, *(cells[k] for cells in columns)] for k, row in enumerate(rows)]
    parts = [_markdown_table([*header, *found.metrics], lines, text=len(header))]
    if notes := legend(found, best="bold:"):
        parts.append("; ".join(notes))
    if found.baseline is not None:
        parts.append(_escaped(paired_title(found)))
        tests = [paired_cells(found, one) for one in found.tests]
        parts.append(_markdown_table(TEST_HEADER, tests, text=2))
    return "\n\n".join(parts)


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, text: int) -> str:
    """A table whose first columns are text and the others numbers."""
    first, *lines = (f"| {' | '.join(map(_escaped, line))} |" for line in (header, *rows))
    rule = [" --- "] * text + [" ---: "] * (len(header) - text)
    return "\n".join([first, f"|{'|'.join(rule)}|", *lines])


def _csv(found: Comparison) -> str:
    header, rows = head(found)
    tested = {(one.metric, one.row): one.test for one in found.tests}
    for name in found.metrics:
        header += [name, f"{name} standard error", f"{name} n"]
        if found.baseline is not None:
            more = ("pairs", "difference", "difference error", "p t-test", "p Wilcoxon")
            header += [f"{name} {what}" for what in more]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    for k, (row, start) in enumerate(zip(found.rows, rows, strict=True)):
        cells = list(start)
        for name in found.metrics:
            cells += _numbers(row, name)
            if found.baseline is not None:
                test = tested.get((name, k), PairedTest(0))
                values = (test.difference, test.error, test.t, test.wilcoxon)
                cells += [str(test.pairs), *("" if v is None else repr(v) for v in values)]
        writer.writerow(cells)
    return file.getvalue().rstrip("\n")


def _numbers(row: Row, name: str) -> list[str]:
    value = row.metrics.get(name)
    if value is None:
        return ["", "", "0"]
    return [repr(value.mean), "" if value.error is None else repr(value.error), str(value.n)]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _plain(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Numbers that JSON has no word for as null."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }
