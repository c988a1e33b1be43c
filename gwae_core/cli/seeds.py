"""`gwae train --seeds`: several seeds after one another, and their mean at the end."""

from __future__ import annotations

import traceback
from pathlib import Path

import typer

from gwae_core.cli.compare import comparison_text
from gwae_core.cli.comparison_cells import seeds_text
from gwae_core.cli.progress import Silence, watch
from gwae_core.cli.reporting import USER_ERROR
from gwae_core.comparison import compare
from gwae_core.config import RunConfig
from gwae_core.errors import GWAEError
from gwae_core.runs import run
from gwae_core.seeds import SeedRun, parse_seeds, run_seeds

BUG = 1


def train_seeds(
    config: RunConfig,
    text: str,
    *,
    out: Path,
    quiet: bool,
    report: bool,
    allow_import: bool = False,
) -> None:
    """Train every seed that is not finished, and print the mean over all that are.

    Raises:
        GWAEError: The seeds cannot be read, or a folder holds something else.
        Exit: A seed failed: 2 where that is a mistake to mend, 1 where it is a bug.
    """
    seeds = parse_seeds(text)

    def train(one: RunConfig, folder: Path, unfinished: bool) -> None:
        if not quiet:
            typer.echo(f"seed {one.seed}: {folder}")
        with Silence() if quiet else watch() as display:
            run(
                one,
                out=folder,
                observe=display,
                report=report,
                resume=unfinished,
                allow_import=allow_import,
            )

    found = []
    for one in run_seeds(config, seeds, out=out, train=train):
        found.append(one)
        _tell(one, quiet=quiet)
    done = [one for one in found if one.status != "failed"]
    failed = [one for one in found if one.status == "failed"]
    if done and not quiet:
        typer.echo("\n" + comparison_text(compare([one.folder for one in done]), "table"))
    if failed:
        numbers = seeds_text(sorted(one.seed for one in failed))
        typer.echo(f"{len(failed)} of {len(found)} seeds failed: {numbers}", err=True)
        mistakes = all(isinstance(one.error, GWAEError) for one in failed)
        raise typer.Exit(USER_ERROR if mistakes else BUG)


def _tell(one: SeedRun, *, quiet: bool) -> None:
    if one.status == "failed":
        if isinstance(one.error, GWAEError):
            typer.echo(f"seed {one.seed} failed: {one.error}", err=True)
        else:
            typer.echo(f"seed {one.seed} failed:", err=True)
            traceback.print_exception(one.error)
    elif quiet:
        typer.echo(one.folder)
    else:
        typer.echo(f"seed {one.seed}: {one.status}")
