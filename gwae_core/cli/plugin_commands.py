"""The commands `gwae plugins ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gwae_core.cli.reporting import reported

app = typer.Typer(
    help="List, show, check and write plugins.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
@reported
def plugins(
    context: typer.Context,
    as_json: AsJSON = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="List distributions and entry points, importing none."),
    ] = False,
) -> None:
    """List the components that are installed.

    What failed to load, was refused, is disabled or is claimed by several plugins comes after them,
    with the reason.
    """
    if context.invoked_subcommand is not None:
        return
    if quick:
        from gwae_core.cli.quick import quick_json, quick_text

        typer.echo(quick_json() if as_json else quick_text())
        return
    from gwae_core.cli.listing import listing_json, listing_text
    from gwae_core.plugins import registry

    typer.echo(listing_json(registry()) if as_json else listing_text(registry()))


@app.command()
@reported
def show(
    names: Annotated[
        list[str],
        typer.Argument(metavar="[KIND] NAME", help="Its kind, such as prior, and its name."),
    ],
    as_json: AsJSON = False,
) -> None:
    """Show a component: what it is, its fields, and an example."""
    from gwae_core.cli.showing import component_json, component_of, component_text, kind_and_name

    entry = component_of(*kind_and_name(names))
    typer.echo(component_json(entry) if as_json else component_text(entry))


@app.command()
@reported
def check(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="[KIND] NAME", help="A component, of one kind or any, or a distribution."
        ),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Set a parameter of the component; may be repeated."
        ),
    ] = None,
    data_shape: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Shape of a data point; by default 1,8,8, or another that the component takes.",
        ),
    ] = None,
    latent_dim: Annotated[int, typer.Option(min=1, help="Number of latent dimensions.")] = 3,
    as_json: AsJSON = False,
) -> None:
    """Check that components keep the laws of their kind.

    The exit code is 0 if all do, 1 if a check failed, 2 if there is nothing of that name.
    """
    from gwae_core.cli.checking import (
        check,
        checked_json,
        checked_text,
        shape_of,
        target_of,
        total_text,
    )

    target = target_of(names)
    shape = None if data_shape is None else shape_of(data_shape)
    all_checked = []
    for checked in check(
        target, overrides=overrides or (), data_shape=shape, latent_dim=latent_dim
    ):
        all_checked.append(checked)
        if not as_json:
            typer.echo(f"{checked_text(checked)}\n")
    typer.echo(checked_json(all_checked) if as_json else total_text(all_checked))
    if any(checked.count("failed") for checked in all_checked):
        raise typer.Exit(1)


@app.command()
@reported
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the distribution, such as gwae-ball.")
    ],
    kind: Annotated[str, typer.Option(help="Kind of its component, such as prior.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder that the new one is made in.")
    ] = Path(),
) -> None:
    """Write a plugin to start from: a package that passes its own tests."""
    from gwae_core.cli.package import write_package

    files = write_package(name, kind, out)
    for file in files:
        typer.echo(f"wrote {file}")
    folder = files[0].parent
    # pip takes a bare name for that of a package elsewhere.
    path = folder if folder.is_absolute() else f"./{folder.as_posix()}"
    typer.echo(f"test it: python -m pytest {path}; install it: pip install {path}")
