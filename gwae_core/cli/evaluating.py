"""The command `gwae evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gwae_core.cli.options import AllowImport, RunArgument
from gwae_core.cli.reporting import reported


@reported
def evaluate(
    run: RunArgument,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Metrics and settings of a preset: fast or paper."),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="This metric alone, with the settings of the preset or of the run; may be "
            "repeated.",
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="METRIC.FIELD=VALUE",
            help="Set a field of a metric, such as clustering.starts=5; may be repeated.",
        ),
    ] = None,
    part: Annotated[
        str, typer.Option(metavar="PART", help="Part of the data: test or validation.")
    ] = "test",
    force: Annotated[
        bool, typer.Option("--force", help="Compute again what was computed before.")
    ] = False,
    report: Annotated[
        bool, typer.Option(help="Write the run's report again, where it has one.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    allow_import: AllowImport = False,
) -> None:
    """Compute metrics of a run; what was computed before is not computed again."""
    from typing import cast, get_args

    from gwae_core.cli.results import evaluation_json, evaluation_text
    from gwae_core.errors import ConfigError
    from gwae_core.evaluation.stored import Part, evaluation_folder
    from gwae_core.run_evaluation import evaluate_run

    if part not in get_args(Part):
        raise ConfigError(f"--part must be {' or '.join(get_args(Part))}; got {part!r}")
    found = evaluate_run(
        run,
        part=cast(Part, part),
        metrics=metrics or (),
        preset=preset,
        overrides=overrides or (),
        force=force,
        allow_import=allow_import,
        observe=lambda metric: typer.echo(f"computing {metric} ...", err=True),
    )
    typer.echo(evaluation_json(found) if as_json else evaluation_text(found))
    page = run / "report.html"
    if report and _is_older(page, than=evaluation_folder(run) / "facts.json"):
        from gwae_core.report import write_report

        typer.echo("writing the report ...", err=True)
        typer.echo(f"report      {write_report(run)}", err=as_json)


def _is_older(page: Path, *, than: Path) -> bool:
    """Whether a page is there and was written before a file that it shows."""
    return page.is_file() and than.is_file() and page.stat().st_mtime < than.stat().st_mtime
