"""The command `gwae compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gwae_core.cli.options import AllowImport
from gwae_core.cli.reporting import reported


@reported
def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Run folders, or folders of them.")
    ],
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="A metric or a part of its name, such as accuracy; may be repeated.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="ROW",
            help="Test the other rows against this one, its name or number, by common seeds.",
        ),
    ] = None,
    holm: Annotated[
        bool, typer.Option("--holm", help="Correct the p-values of these tests for being many.")
    ] = False,
    udr: Annotated[
        str | None,
        typer.Option(
            metavar="SIMILARITY",
            help="Load the models and rank them by how well seeds agree: lasso or spearman.",
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="table, markdown, latex, html or csv."),
    ] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; by default it is printed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    allow_import: AllowImport = False,
) -> None:
    """Compare runs: what differs between them, and their metrics, over seeds as mean ± error."""
    from gwae_core.cli.compare import compared

    compared(
        runs,
        metrics=metrics or (),
        baseline=baseline,
        corrected=holm,
        udr=udr,
        form=form,
        output=output,
        as_json=as_json,
        allow_import=allow_import,
    )
