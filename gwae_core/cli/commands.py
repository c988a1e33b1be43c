"""The commands: each reads its arguments, calls the library, and prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gwae_core import __version__
from gwae_core.cli import comparing, evaluating, plugin_commands, sampling, sweeping
from gwae_core.cli.options import AllowImport, RunArgument
from gwae_core.cli.reporting import reported
from gwae_core.errors import ConfigError

app = typer.Typer(
    help="Gromov-Wasserstein autoencoders from plugins and configuration files.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help costs a third of the time and stays readable in a pipe.
    rich_markup_mode=None,
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"gwae {__version__}")
        raise typer.Exit


@app.callback()
def gwae(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Gromov-Wasserstein autoencoders from plugins and configuration files."""


@app.command()
@reported
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Configuration, a YAML file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Set one field, such as prior.num_components=20; may be repeated.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Run folder, new or empty; by default one under runs/."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same as --set seed=N.")] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="SEEDS", help="Several runs, such as 0-4 or 0,1,7: OUT/seed-0, OUT/seed-1, ..."
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the path of the run folder only.")
    ] = False,
    report: Annotated[bool, typer.Option(help="Write the report after training.")] = True,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the interrupted run in the folder of --out."),
    ] = False,
    devices: Annotated[
        int,
        typer.Option(
            min=1, help="Processes that train together on this host, each on a device of its own."
        ),
    ] = 1,
    allow_import: AllowImport = False,
) -> None:
    """Train, evaluate and report what a configuration describes."""
    from gwae_core.cli.progress import Silence, watch
    from gwae_core.cli.results import metrics_text, stages_text
    from gwae_core.config import RunConfig
    from gwae_core.launching import follows, number_of_processes
    from gwae_core.runs import run

    values = [*(overrides or ()), *([] if seed is None else [f"seed={seed}"])]
    settings = RunConfig.from_file(config, overrides=tuple(values))
    if seeds is not None:
        from gwae_core.cli.seeds import train_seeds

        if seed is not None:
            raise ConfigError("--seed and --seeds cannot both be given")
        if number_of_processes(settings.training, devices) > 1:
            raise ConfigError(
                "--seeds trains with one process, and several are asked for",
                hint="train one seed after another: --seed 0 --out OUT/seed-0, ...",
            )
        out = Path("runs") / config.stem if out is None else out
        more = {"quiet": quiet, "report": report, "allow_import": allow_import}
        train_seeds(settings, seeds, out=out, **more)
        return
    with Silence() if quiet or follows() else watch() as display:
        result = run(
            settings,
            out=out,
            observe=display,
            report=report,
            resume=resume,
            allow_import=allow_import,
            devices=devices,
        )
    if quiet:
        typer.echo(result.folder)
        return
    if stages := display.stages():
        typer.echo(stages_text(stages))
    typer.echo(metrics_text(result.metrics, result.folder))
    typer.echo(f"run     {result.folder}")
    if result.report is not None:
        typer.echo(f"report  {result.report}")


@app.command()
@reported
def new(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="New file; without one the text is printed."),
    ] = None,
    data: Annotated[str, typer.Option(help="Data set, by its name.")] = "digits",
    objective: Annotated[str, typer.Option(help="Training method, by its name.")] = "gwae",
) -> None:
    """Write a commented configuration to start from."""
    from gwae_core.cli.starter import starting_config, write_new

    text = starting_config(data=data, objective=objective)
    if file is None:
        typer.echo(text, nl=False)
        return
    write_new(file, text)
    typer.echo(f"wrote {file}; edit it, then: gwae train {file}")


app.add_typer(plugin_commands.app, name="plugins")


@app.command()
@reported
def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; by default the schema is printed.")
    ] = None,
) -> None:
    """Write the JSON schema of configurations."""
    import json

    from gwae_core.files import write_text
    from gwae_core.schema import run_schema

    text = json.dumps(run_schema(), indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(text)
        return
    write_text(output, text + "\n")
    typer.echo(f"wrote {output}")


app.command()(evaluating.evaluate)
app.command()(comparing.compare)
app.command()(sweeping.sweep)


@app.command()
@reported
def report(run: RunArgument) -> None:
    """Write the report of a run again."""
    from gwae_core.report import write_report
    from gwae_core.run_folder import RunFolder

    typer.echo(write_report(RunFolder.open(run).path))


app.command()(sampling.sample)


@app.command()
@reported
def encode(
    run: RunArgument,
    data: Annotated[Path, typer.Argument(metavar="DATA", help="File: .npy, .npz or .csv.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File, .npz.")] = Path("codes.npz"),
    allow_import: AllowImport = False,
) -> None:
    """Encode data; the file holds the codes `z`."""
    from gwae_core.cli.arrays import check_npz, read_data, write_arrays
    from gwae_core.model import load

    check_npz(output)
    model = load(run, allow_import=allow_import)
    write_arrays(output, z=model.encode(read_data(data, model)))


@app.command()
@reported
def distance(
    x: Annotated[str, typer.Argument(metavar="X", help="Points (n, p): .npy, .npz or .csv.")],
    z: Annotated[str, typer.Argument(metavar="Z", help="Points (m, q); FILE.npz:KEY names one.")],
    estimator: Annotated[str, typer.Option("--estimator", "-e", help="Its name.")] = "exact",
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Set a parameter of the estimator, such as num_starts=8; may be repeated.",
        ),
    ] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            help="Ground cost: euclidean, sqeuclidean, cosine, or precomputed where the files hold "
            "distances; by default euclidean, or what the estimator knows.",
        ),
    ] = None,
    rho: Annotated[float, typer.Option(help="Exponent of the distortion.")] = 2.0,
    weights_x: Annotated[
        str | None, typer.Option(metavar="FILE", help="Weights of the points of X, (n,).")
    ] = None,
    weights_z: Annotated[
        str | None, typer.Option(metavar="FILE", help="Weights of the points of Z, (m,).")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="File, .npz, for the coupling `plan`, (n, m).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of random numbers.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate the Gromov-Wasserstein value of two sets of points."""
    import time

    from gwae_core.cli.arrays import check_npz
    from gwae_core.cli.distance import (
        distance_json,
        distance_text,
        facts,
        plan_of,
        read_array,
        read_weights,
    )
    from gwae_core.files import write_npz
    from gwae_core.measure import distance, estimator_config
    from gwae_core.yaml import apply_overrides

    if plan is not None:
        check_npz(plan)
    config = estimator_config(apply_overrides({"type": estimator}, overrides or ()))
    points_x, points_z = read_array(x), read_array(z)
    p, q = (None if name is None else read_weights(name) for name in (weights_x, weights_z))
    began = time.perf_counter()
    result = distance(
        points_x,
        points_z,
        estimator=config,
        cost=cost,
        rho=rho,
        weights_x=p,
        weights_z=q,
        seed=seed,
    )
    seconds = time.perf_counter() - began
    printed = facts(result, estimator, (len(points_x), len(points_z)), seconds)
    if plan is not None:
        write_npz(plan, {"plan": plan_of(result, estimator)})
        printed["plan"] = str(plan)
    typer.echo(distance_json(printed) if as_json else distance_text(printed))
