"""Several seeds: none trained twice, none lost to another's failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gwae_core import RunConfig
from gwae_core.cli import app
from gwae_core.errors import ConfigError, RunFolderError, TrainingError
from gwae_core.seeds import MOST, parse_seeds, run_seeds, state_of

SMALL = """
latent_dim: 2
prior: normal
encoder: {type: mlp, hidden: [8]}
decoder: {type: mlp, hidden: [8]}
training: {steps: 5}
metrics: [reconstruction]
"""


def gwae(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0-4", (0, 1, 2, 3, 4)), ("0,1,2", (0, 1, 2)), (" 7 , 2 - 3,2", (7, 2, 3)), ("5", (5,))],
)
def test_seeds_are_numbers_and_ranges(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "seeds are numbers and ranges such as"),
        ("a", "seeds are numbers and ranges such as"),
        ("0-", "seeds are numbers and ranges such as"),
        ("-1", "seeds are numbers and ranges such as"),
        ("0..4", "seeds are numbers and ranges such as"),
        ("4-0", "begins with the smaller one; got '4-0'"),
        ("0-99999999999999999", f"more than {MOST} seeds"),
        ("0-900,1000-1900,2000", f"more than {MOST} seeds"),
    ],
)
def test_what_says_no_seeds_is_an_error(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_seeds(text)


def test_seeds_are_trained_once_and_the_end_is_their_mean(tmp_path):
    config = tmp_path / "small.yaml"
    config.write_text(SMALL)
    out = tmp_path / "out"
    command = ["train", config, "--out", out, "--no-report", "--seeds"]
    first = gwae(*command, "0,1")
    assert first.exit_code == 0, first.output
    assert "seed 1: trained" in first.stdout and " ± " in first.stdout
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}

    # An unfinished seed is gone on with, a further one is added, the finished one stays.
    environment = out / "seed-1" / "environment.json"
    facts = json.loads(environment.read_text())
    del facts["seconds"]
    environment.write_text(json.dumps(facts))
    again = gwae(*command, "0-2")
    assert again.exit_code == 0, again.output
    assert "seed 0: finished before" in again.stdout and "seed 1: trained" in again.stdout
    assert {p: t for p, t in before.items() if "seed-0" in p.parts} == {
        p: p.stat().st_mtime_ns for p in (out / "seed-0").rglob("*") if p.is_file()
    }
    stored = [RunConfig.from_file(out / f"seed-{k}" / "config.yaml").seed for k in range(3)]
    assert stored == [0, 1, 2]
    compared = json.loads(gwae("compare", out, "--json").stdout)["rows"]
    assert [row["seeds"] for row in compared] == [[0, 1, 2]]

    # Another configuration is refused before anything is trained.
    other = gwae(*command, "5,0", "--set", "latent_dim=3", "--set", "training.steps=6")
    assert other.exit_code == 2
    assert "another configuration, with other latent_dim, training.steps" in other.stderr
    assert not (out / "seed-5").exists()


def test_a_failing_seed_is_named_and_the_others_go_on(tmp_path, monkeypatch):
    config = tmp_path / "small.yaml"
    config.write_text(SMALL)
    from gwae_core.cli import seeds

    def run(settings, **options):
        if settings.seed == 1:
            raise TrainingError("the loss is NaN", hint="lower the learning rate")
        return real(settings, **options)

    real = seeds.run
    monkeypatch.setattr(seeds, "run", run)
    result = gwae("train", config, "--out", tmp_path / "out", "--no-report", "--seeds", "0-2", "-q")
    assert result.exit_code == 2
    assert "seed 1 failed: the loss is NaN\nhint: lower the learning rate" in result.stderr
    assert result.stderr.endswith("1 of 3 seeds failed: 1\n")
    assert result.stdout.split() == [str(tmp_path / "out" / f"seed-{k}") for k in (0, 2)]


def test_a_bug_keeps_its_traceback_and_the_others_go_on(tmp_path, monkeypatch):
    config = tmp_path / "small.yaml"
    config.write_text(SMALL)

    def run(settings, **options):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("gwae_core.cli.seeds.run", run)
    result = gwae("train", config, "--out", tmp_path / "out", "--seeds", "0,1")
    assert result.exit_code == 1
    assert result.stderr.count("ZeroDivisionError: a bug") == 2
    assert result.stderr.endswith("2 of 2 seeds failed: 0-1\n")


def test_a_mistake_in_the_options(tmp_path):
    config = tmp_path / "small.yaml"
    config.write_text(SMALL)
    both = gwae("train", config, "--seeds", "0", "--seed", "1")
    assert both.exit_code == 2 and "--seed and --seeds cannot both be given" in both.stderr


def test_a_folder_that_holds_something_else_is_an_error(tmp_path):
    config = RunConfig.from_yaml(SMALL)
    (tmp_path / "seed-1").mkdir()
    (tmp_path / "seed-1" / "thesis.tex").write_text("all my work")
    trained: list[Path] = []
    found = run_seeds(
        config, [0, 1], out=tmp_path, train=lambda one, folder, unfinished: trained.append(folder)
    )
    with pytest.raises(RunFolderError, match="is not a run folder"):
        list(found)
    assert trained == []
    assert state_of(config, tmp_path / "seed-0") == "new"
