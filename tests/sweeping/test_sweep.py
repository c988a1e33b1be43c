"""Sweeps that train: run folders, pruning, several workers, kills, and the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("optuna")

from gwae_core import RunConfig, SweepConfig, sweep
from gwae_core.cli import app
from gwae_core.errors import ConfigError, GWAEError, RunInterrupted
from gwae_core.evaluation.stored import load_evaluation

SMALL = """
run:
  data: {type: digits}
  latent_dim: 2
  prior: normal
  encoder: {type: mlp, hidden: [8]}
  decoder: {type: mlp, hidden: [8]}
  training: {steps: 8, validate_every: 2, checkpoint_every: 4, threads: 1}
  metrics: [reconstruction]
space:
  training.learning_rate: [0.01, 0.001]
search: grid
seeds: 0-1
metric: reconstruction.mse
"""


def gwae(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def changed(file: Path, **changes: Any) -> SweepConfig:
    config = SweepConfig.from_file(file)
    return SweepConfig.from_mapping({**config.model_dump(mode="json"), **changes})


def test_a_sweep_trains_judges_on_validation_and_is_not_repeated(file, tmp_path):
    out = tmp_path / "out"
    first = gwae("sweep", file, "--out", out)
    assert first.exit_code == 0, first.output
    assert "trial 1: seed 1 trains" in first.stderr and "2 finished" in first.stdout
    for trial, rate in enumerate((0.01, 0.001)):
        for seed in (0, 1):
            stored = RunConfig.from_file(out / f"trial-{trial}/seed-{seed}/config.yaml")
            assert (stored.seed, stored.training.learning_rate) == (seed, rate)
    result = json.loads(gwae("sweep", file, "--out", out, "--json").stdout)
    assert (result["part"], result["direction"]) == ("validation", "minimize")
    for trial in result["trials"]:
        folders = [Path(trial["folder"]) / f"seed-{seed}" for seed in (0, 1)]
        by_part = {
            part: sum(load_evaluation(f, part=part).metrics["reconstruction.mse"] for f in folders)
            for part in ("validation", "test")
        }
        assert trial["value"] == pytest.approx(by_part["validation"] / 2)
        assert trial["value"] != pytest.approx(by_part["test"] / 2)

    before = {path: path.stat().st_mtime_ns for path in out.glob("trial-*/**/*")}
    again = gwae("sweep", file, "--out", out)
    assert again.exit_code == 0 and again.stdout == first.stdout and again.stderr == ""
    assert {path: path.stat().st_mtime_ns for path in out.glob("trial-*/**/*")} == before

    rows = json.loads(gwae("compare", out, "--json").stdout)["rows"]
    assert [(row["seeds"], row["fields"]) for row in rows] == [
        ([0, 1], {"training.learning_rate": 0.01}),
        ([0, 1], {"training.learning_rate": 0.001}),
    ]
    best = gwae("sweep", file, "--out", out, "--quiet").stdout.strip()
    assert best == str(out / "trial-0")


def test_pruning_stops_a_run_early(file, tmp_path):
    config = changed(
        file,
        space={"training.learning_rate": [0.03, 1e-7]},
        seeds=[0],
        pruning={"type": "median", "startup_trials": 1},
        run={
            **SweepConfig.from_file(file).run,
            "training": {"steps": 40, "validate_every": 10, "warmup_steps": 0, "threads": 1},
        },
    )
    found = sweep(config, out=tmp_path / "out")
    assert [trial.state for trial in found.trials] == ["finished", "pruned"]
    assert found.best is not None and found.best.number == 0
    records = (tmp_path / "out/trial-1/seed-0/metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in records]
    assert max(steps) == 10
    assert len(json.loads(gwae("compare", tmp_path / "out", "--json").stdout)["rows"]) == 1


def test_what_a_run_wrote_before_it_began_is_forgotten(file, tmp_path):
    out = tmp_path / "out"
    config = changed(file, seeds=[0], space={"latent_dim": [3]})
    begun = out / "trial-0/seed-0"

    def kill(record):
        if record["event"] == "run":
            begun.mkdir(parents=True)
            (begun / "environment.json").write_text("{}")
            raise KeyboardInterrupt

    with pytest.raises(RunInterrupted, match="no trial is lost"):
        sweep(config, out=out, observe=kill)
    assert begun.is_dir()
    assert sweep(config, out=out).trials[0].state == "finished"


def test_a_metric_that_runs_do_not_have_stops_the_sweep(file, tmp_path):
    config = changed(file, metric="reconstruction.mae", direction="minimize")
    with pytest.raises(ConfigError, match=r"no 'reconstruction.mae'; did you mean 'reconstruct"):
        sweep(config, out=tmp_path / "out")
    with pytest.raises(ConfigError, match="workers must be between 1 and 256; got 0"):
        sweep(config, out=tmp_path / "out", workers=0)


def test_a_mistake_in_the_file_trains_nothing(file, tmp_path):
    file.write_text(SMALL.replace("learning_rate:", "learning_rat:"))
    result = gwae("sweep", file, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "training.learning_rat: unknown field 'learning_rat'; did you mean" in result.stderr
    assert not (tmp_path / "out").exists()


def test_failed_trials_are_named_at_the_end(file, tmp_path):
    file.write_text(SMALL.replace("[0.01, 0.001]", "[0.01, 1.0e+30]"))
    result = gwae("sweep", file, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "1 finished, 1 failed" in result.stdout
    assert "trial 1: failed" in result.stderr
    assert result.stderr.endswith("1 of 2 trials failed: 1\n")


def test_workers_share_the_trials(file, tmp_path):
    told: list[Any] = []
    config = changed(file, seeds=[0])
    found = sweep(config, out=tmp_path / "out", workers=2, observe=told.append)
    assert [trial.state for trial in found.trials] == ["finished"] * 2
    assert sorted(r["trial"] for r in told if r["event"] == "begin") == [0, 1]
    assert {r["worker"] for r in told} <= {1, 2}


@pytest.mark.slow
def test_an_error_of_a_worker_is_that_of_the_sweep(file, tmp_path):
    config = changed(file, metric="reconstruction.mae", direction="minimize", seeds=[0])
    with pytest.raises(GWAEError, match=r"no 'reconstruction\.mae'"):
        sweep(config, out=tmp_path / "out", workers=2)


LONG = {"steps": 150, "validate_every": 50, "checkpoint_every": 20, "threads": 1}


@pytest.mark.slow
def test_killed_workers_and_a_killed_command_lose_no_trial(file, tmp_path):
    config = changed(
        file,
        space={"training.learning_rate": [0.01, 0.003, 0.001]},
        run={**SweepConfig.from_file(file).run, "training": LONG},
    )
    path, out = tmp_path / "long.json", tmp_path / "out"
    path.write_text(json.dumps(config.model_dump(mode="json")))  # JSON is YAML
    whole = sweep(config, out=tmp_path / "whole")
    command = [sys.executable, "-c", "from gwae_core.cli import main; main()", "sweep", str(path)]
    command += ["--out", str(out), "--workers", "2"]

    # Killed in the middle: first a worker, whose trial the other takes up, then the command.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    workers = wait_for_training(out, 2)
    os.kill(workers[0], signal.SIGKILL)
    wait_for(lambda: len(list(out.glob("trial-*/seed-*/evaluation/metrics.json"))) >= 2)
    process.kill()
    process.communicate()
    wait_for(lambda: not is_running(workers[1]))

    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = sweep(config, out=out)
    assert [trial.state for trial in found.trials] == ["finished"] * 3
    assert {p.name for p in out.glob("trial-*")} == {f"trial-{k}" for k in range(3)}
    # Every trial ends as if nothing had happened.
    assert [t.value for t in found.trials] == [t.value for t in whole.trials]
    for weights in sorted((tmp_path / "whole").rglob("last.safetensors")):
        other = out / weights.relative_to(tmp_path / "whole")
        assert other.read_bytes() == weights.read_bytes()


@pytest.mark.slow
def test_a_stopped_command_stops_its_workers_and_goes_on(file, tmp_path):
    config = changed(file, run={**SweepConfig.from_file(file).run, "training": LONG})
    path, out = tmp_path / "long.json", tmp_path / "out"
    path.write_text(json.dumps(config.model_dump(mode="json")))
    command = [sys.executable, "-c", "from gwae_core.cli import main; main()", "sweep", str(path)]
    command += ["--out", str(out), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    workers = wait_for_training(out, 2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 130
    assert "no trial is lost" in errors and "go on with the same command" in errors
    assert not any(map(is_running, workers))
    assert [trial.state for trial in sweep(config, out=out).trials] == ["finished"] * 2


def wait_for_training(out: Path, count: int) -> list[int]:
    """Process numbers of so many workers, each of which trains."""

    def owners() -> list[int]:
        locks = [lock for lock in out.glob("trial-*/seed-*/.lock") if lock.stat().st_size]
        begun = [lock for lock in locks if (lock.parent / "metrics.jsonl").is_file()]
        return [json.loads(lock.read_text())["pid"] for lock in begun]

    wait_for(lambda: len(owners()) >= count)
    return owners()


def wait_for(condition: Any, *, seconds: float = 200) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (OSError, ValueError):
            pass  # the file was removed or is being written
        time.sleep(0.02)
    pytest.fail("it did not happen")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
