"""The command `gwae sweep`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gwae_core.cli.options import AllowImport
from gwae_core.cli.reporting import USER_ERROR, reported

if TYPE_CHECKING:
    from gwae_core.sweeping import SweepResult

BUG = 1
SHOWN = 10
"""Trials in the table at the end."""


@reported
def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP", help="Sweep, a YAML file.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder of the sweep; by default runs/SWEEP."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", help="Processes.")] = 1,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Database for workers on several machines; by default a file in the folder.",
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Set a field of the run, such as training.steps=500; may be repeated.",
        ),
    ] = None,
    report: Annotated[bool, typer.Option(help="Write a report for each run.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the folder of the best trial only.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON at the end.")] = False,
    allow_import: AllowImport = False,
) -> None:
    """Train many settings of a run, and judge them on the validation part; again: go on."""
    from gwae_core.sweeping import SweepConfig
    from gwae_core.sweeping import sweep as carry_out

    config = SweepConfig.from_file(file, overrides=tuple(overrides or ()))
    if storage is not None:
        config = config.model_copy(update={"storage": storage})
    found = carry_out(
        config,
        out=Path("runs") / file.stem if out is None else out,
        workers=workers,
        observe=None if quiet else _tell,
        report=report,
        allow_import=allow_import,
        source=str(file),
    )
    if as_json:
        typer.echo(result_json(found))
    elif not quiet:
        typer.echo(result_text(found))
    elif found.best is not None:
        typer.echo(found.best.folder)
    failed = [trial for trial in found.trials if trial.state == "failed"]
    if failed:
        numbers = ", ".join(str(trial.number) for trial in failed)
        typer.echo(f"{len(failed)} of {len(found.trials)} trials failed: {numbers}", err=True)
        raise typer.Exit(BUG if any(trial.is_bug for trial in failed) else USER_ERROR)


def result_text(found: SweepResult) -> str:
    """The best trials, and what else there is."""
    from gwae_core.cli.tables import table

    fields = list(dict.fromkeys(path for trial in found.trials for path in trial.params))
    rows = [
        [str(trial.number), f"{trial.value:.4g}", *(_short(trial.params.get(f)) for f in fields)]
        for trial in found.ranked[:SHOWN]
    ]
    counts = {
        state: sum(trial.state == state for trial in found.trials)
        for state in ("finished", "pruned", "failed", "running", "waiting")
    }
    parts = [", ".join(f"{count} {state}" for state, count in counts.items() if count)]
    if rows:
        parts.append(table(["trial", found.metric, *fields], rows))
    if found.best is not None:
        parts.append(
            f"best    {found.best.folder} ({found.direction}, mean over seeds on the validation "
            f"part)\ncompare gwae compare {found.folder} (on the test part, which decided nothing)"
        )
    return "\n\n".join(parts)


def result_json(found: SweepResult) -> str:
    """A sweep for programs."""
    import json
    from dataclasses import asdict

    listed = {
        "folder": str(found.folder),
        "metric": found.metric,
        "part": "validation",
        "direction": found.direction,
        "best": None if found.best is None else found.best.number,
        "trials": [asdict(trial) for trial in found.trials],
    }
    return json.dumps(listed, indent=2, ensure_ascii=False, default=str)


def _tell(record: Mapping[str, Any]) -> None:
    """A line on stderr for what happens."""
    name = f"trial {record['trial']}" if "trial" in record else ""
    match record["event"]:
        case "begin":
            fields = ", ".join(f"{path}={_short(v)}" for path, v in record["params"].items())
            typer.echo(f"{name} of {record['of']}: {fields}", err=True)
        case "run":
            done = {
                "new": "trains",
                "unfinished": "goes on where it stopped",
                "finished": "was trained before",
            }
            typer.echo(f"{name}: seed {record['seed']} {done[record['state']]}", err=True)
        case "end":
            value = "" if record["value"] is None else f", {record['value']:.4g}"
            error = f": {record['error']}" if record["error"] else ""
            best = record["best"]
            beside = "" if best is None else f" (best: {best['value']:.4g}, trial {best['trial']})"
            typer.echo(f"{name}: {record['state']}{value}{error}{beside}", err=True)
        case "warning":
            typer.echo(f"warning: {name}{': ' if name else ''}{record['message']}", err=True)
        case "traceback":
            typer.echo(record["text"], err=True, nl=False)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
