"""Runs of several processes, from the shell and from a script: their end, however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from typer.testing import CliRunner

from gwae_core import RunConfig, run
from gwae_core.child_processes import ChildProcesses
from gwae_core.cli import app
from gwae_core.errors import ConfigError
from gwae_core.files import read_json
from gwae_core.launching import number_of_processes
from gwae_core.training_config import TrainingConfig

CLOSE = 1e-6
CONFIG = """\
data: {type: arrays, path: x.npy}
latent_dim: 2
encoder: {type: mlp, hidden: [6]}
decoder: {type: mlp, hidden: [6]}
prior: {type: gaussian-mixture, num_components: 2, fit_starts: 1}
objective:
  estimator: entropic
  divergence: {type: critic, steps: 2, channels: 2, width: 8, features: 4}
training:
  steps: 12
  batch_size: 9
  validate_every: 5
  checkpoint_every: 4
  log_every: 3
  precision: 64-true
  threads: 1
metrics: [reconstruction]
"""
MAIN = "from gwae_core.cli import main\n\nmain()\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with data, a configuration and a command."""
    x = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    x[30:] += 3
    np.save(tmp_path / "x.npy", x)
    (tmp_path / "run.yaml").write_text(CONFIG)
    (tmp_path / "gwae.py").write_text(MAIN)
    return tmp_path


def start(folder: Path, *arguments: str, script: str = "gwae.py") -> subprocess.Popen[str]:
    """Start a command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, script, *arguments],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that must end by itself."""
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out, err


def train(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return ended(start(folder, "train", "run.yaml", "--no-report", *arguments))


def assert_close(one: Path, two: Path) -> None:
    a, b = (load_file(path / "checkpoints" / "last.safetensors") for path in (one, two))
    assert a.keys() == b.keys()
    for name, value in a.items():
        scale = float(value.double().abs().max()) or 1.0
        assert float((b[name].double() - value.double()).abs().max()) / scale <= CLOSE, name


def alone(folder: Path, out: str, **arguments: object) -> Path:
    """The run with one process, which is this one."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        config = RunConfig.from_file(folder / "run.yaml")
        return run(config, out=folder / out, report=False, **arguments).folder
    finally:
        os.chdir(before)


@pytest.mark.slow
def test_a_run_of_two_processes_is_the_run_of_one(folder):
    code, out, err = train(folder, "--out", "two", "--devices", "2")
    assert code == 0, err
    assert out.count("metrics on the test split") == 1
    one, two = alone(folder, "one"), folder / "two"
    assert_close(one, two)
    assert (two / "config.yaml").read_text() == (one / "config.yaml").read_text()
    assert read_json(two / "environment.json")["processes"] == 2
    names = [sorted(p.relative_to(f) for f in [x] for p in f.rglob("*")) for x in (one, two)]
    assert names[0] == names[1]


@pytest.mark.slow
def test_a_state_of_one_process_is_resumed_by_two(folder):
    class Crash(Exception):
        pass

    def crash(record):
        if record["event"] == "progress" and record["step"] == 7:
            raise Crash

    with pytest.raises(Crash):
        alone(folder, "two", observe=crash)
    code, _, err = train(folder, "--out", "two", "--devices", "2", "--resume")
    assert code == 0, err
    assert_close(alone(folder, "one"), folder / "two")
    code, out, err = train(folder, "--out", "two", "--devices", "2", "--resume")
    assert (code, "finished already" in err) == (0, True), out


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_all_at_one_step(number, code, folder):
    long = ("--set", "training.steps=100000", "--out", "run", "--devices", "2")
    process = start(folder, "train", "run.yaml", *long)
    assert process.stderr is not None
    while "validation:" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    found, _, err = ended(process)
    assert found == code
    assert "interrupted: stopped after step" in err
    assert "Traceback" not in err
    assert list((folder / "run" / "checkpoints").glob("state-*"))


OWN = """\
import os, signal
import numpy as np
from torch import nn
from gwae_core import RunConfig, run
from gwae_core.errors import SpaceError


class Own(nn.Sequential):
    def forward(self, x):
        if os.environ.get("RANK") == "1" and self.training:
            {fault}
        return super().forward(x)


config = RunConfig.from_file("run.yaml", overrides=("objective.weights.entropy=0",))
encoder = Own(nn.Linear(5, 6), {layer}, nn.Linear(6, 2))
run(config, out="run", parts={{"encoder": encoder}}, devices=2, report=False)
print("after the run")
"""
FAULTS = {
    "a mistake": ("raise SpaceError('it is bent', hint='straighten it')", "process 1: it is bent"),
    "a bug": ("raise KeyError('lost')", "KeyError: 'lost'"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "process 1 was killed by signal 9"),
    "exit": ("os._exit(3)", "process 1 ended with code 3"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_of_one_process_ends_all_with_one_message(fault, folder):
    code, message = FAULTS[fault]
    (folder / "own.py").write_text(OWN.format(fault=code, layer="nn.SiLU()"))
    code, out, err = ended(start(folder, script="own.py"))
    assert (code, out) == (1, "")
    assert err.count(message) == 1


@pytest.mark.slow
def test_batch_normalisation_is_refused(folder):
    (folder / "own.py").write_text(OWN.format(fault="pass", layer="nn.BatchNorm1d(6)"))
    code, out, err = ended(start(folder, script="own.py"))
    assert (code, out) == (1, "")
    assert "Own holds a BatchNorm1d" in err
    assert not (folder / "run").exists()


@pytest.mark.slow
def test_a_script_goes_on_in_the_first_process_alone(folder):
    (folder / "own.py").write_text(OWN.format(fault="pass", layer="nn.SiLU()"))
    code, out, err = ended(start(folder, script="own.py"))
    assert (code, out) == (0, "after the run\n"), err


@pytest.mark.slow
def test_torchrun_starts_the_processes(folder):
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "gwae.py", "train", "run.yaml", "--no-report", "--out", "two"]
    code, out, err = ended(start(folder, *command[1:], script="-m"))
    assert code == 0, err
    assert out.count("metrics on the test split") == 1
    assert_close(alone(folder, "one"), folder / "two")
    code, out, err = ended(start(folder, *command[1:], "--resume", script="-m"))
    assert (code, "finished already" in err) == (0, True), out


def test_numbers_of_processes_that_cannot_be(monkeypatch):
    training = TrainingConfig(batch_size=3)
    assert number_of_processes(training, 1) == 1
    assert number_of_processes(training, 3) == 3
    with pytest.raises(ConfigError, match="at least 1 device"):
        number_of_processes(training, 0)
    with pytest.raises(ConfigError, match="batch_size 3 is less than the 4 processes"):
        number_of_processes(training, 4)
    with monkeypatch.context() as started:
        for name in ("RANK", "LOCAL_RANK", "MASTER_PORT"):
            started.setenv(name, "0")
        started.setenv("MASTER_ADDR", "host")
        started.setenv("WORLD_SIZE", "2")
        assert number_of_processes(training, 1) == 2
        with pytest.raises(ConfigError, match="3 devices are asked for, and 2 processes"):
            number_of_processes(training, 3)


def test_a_notebook_cannot_be_started_again(monkeypatch):
    monkeypatch.delattr("__main__.__file__", raising=False)
    with pytest.raises(ConfigError, match="this is neither"):
        ChildProcesses().start(2, port=1)


def test_several_seeds_take_one_process(folder):
    result = CliRunner().invoke(
        app, ["train", str(folder / "run.yaml"), "--seeds", "0-1", "--devices", "2"]
    )
    assert result.exit_code == 2
    assert "--seeds trains with one process" in result.stderr
