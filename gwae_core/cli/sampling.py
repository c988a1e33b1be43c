"""The command `gwae sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gwae_core.cli.options import AllowImport, RunArgument
from gwae_core.cli.reporting import reported
from gwae_core.errors import ConfigError


@reported
def sample(
    run: RunArgument,
    number: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 64,
    output: Annotated[Path, typer.Option("--output", "-o", help="File, .npz.")] = Path(
        "samples.npz"
    ),
    component: Annotated[
        int | None, typer.Option(min=0, help="Component of a mixture prior, from 0; all if none.")
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Instead of the prior, a distribution fitted on the training codes: gaussian, "
            "gaussian-mixture, flow, or a plugin's.",
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Set a parameter of the sampler, such as num_components=20; may be repeated.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the samples.")] = 0,
    allow_import: AllowImport = False,
) -> None:
    """Generate data from the prior, or from a fitted sampler; the file holds `x`."""
    from gwae_core.cli.arrays import check_npz, write_arrays
    from gwae_core.model import load

    check_npz(output)
    if sampler is None and overrides:
        raise ConfigError("--set sets parameters of a sampler; name one with --sampler")
    if sampler is not None and component is not None:
        raise ConfigError("--component is of the prior, which --sampler takes the place of")
    model = load(run, allow_import=allow_import)
    fitted = None
    if sampler is not None:
        from gwae_core.sampling import fit_sampler
        from gwae_core.yaml import apply_overrides

        fitted = fit_sampler(model, apply_overrides({"type": sampler}, overrides or ()))
    x = model.sample(number, component=component, sampler=fitted, seed=seed)
    write_arrays(output, x=x)
