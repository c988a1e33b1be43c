"""Damaged run folders: checkpoints, training states and the small files."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from gwae_core import RunConfig, load, run

few = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
many = settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
FILES = ["config.yaml", "environment.json", "split.npz", "metrics.jsonl",
         "evaluation/metrics.json", "evaluation/facts.json", "evaluation/figures.npz"]  # fmt: skip
COMMANDS = ["compare", "evaluate", "sample", "resume", "encode"]


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """A copy of a run folder to damage."""
    with tempfile.TemporaryDirectory() as parent:
        yield Path(shutil.copytree(folder, Path(parent) / "run"))


def reshaped(data, path: Path) -> None:
    """A checkpoint with a tensor of another shape or type, an extra one, one less, or bad facts."""
    with safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata())
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    name = data.draw(st.sampled_from(sorted(state)))
    match data.draw(st.sampled_from(["shape", "dtype", "extra", "less", "facts", "nan", "empty"])):
        case "shape":
            state[name] = torch.zeros(data.draw(st.lists(st.integers(0, 3), max_size=3)))
        case "dtype":
            kinds = [torch.float64, torch.float16, torch.int64, torch.bool, torch.complex64]
            state[name] = state[name].to(data.draw(st.sampled_from(kinds)))
        case "extra":
            state[data.draw(st.sampled_from(["x", "encoder", "", "encoder.x.y"]))] = torch.ones(2)
        case "less":
            del state[name]
        case "facts":
            texts = ["", "{", "[]", "null", "[" * 5000, '{"step": "x"}']
            metadata["facts"] = data.draw(st.sampled_from(texts))
        case "nan":
            state[name] = torch.full_like(state[name], float("nan"))
        case "empty":
            state = {}
    save_file(state, path, metadata=metadata)


def check_checkpoint(data, trained, damaged, survives):
    with copied(trained) as folder:
        path = folder / "checkpoints" / "last.safetensors"
        if data.draw(st.booleans()):
            path.write_bytes(damaged(data, path.read_bytes()))
        else:
            reshaped(data, path)
        x = np.zeros((2, 5), dtype=np.float32)
        event("loaded" if survives(lambda: load(folder).encode(x)) else "refused")
        survives(lambda: load(folder).sample(2))


@few
@given(data=st.data())
def test_checkpoints(data, trained, damaged, survives):
    check_checkpoint(data, trained, damaged, survives)


@pytest.mark.slow
@many
@given(data=st.data())
def test_checkpoints_many_times(data, trained, damaged, survives):
    check_checkpoint(data, trained, damaged, survives)


def spoil(data, folder, damaged, changed):
    """Damage one file, or change the values of one."""
    path = folder / data.draw(st.sampled_from(FILES))
    if path.suffix == ".json" and data.draw(st.booleans()):
        path.write_text(json.dumps(changed(data, json.loads(path.read_text()))))
    else:
        path.write_bytes(damaged(data, path.read_bytes()))


def check_files(data, trained, damaged, changed, command):
    with copied(trained) as folder:
        spoil(data, folder, damaged, changed)
        match data.draw(st.sampled_from(COMMANDS)):
            case "sample":
                result = command("sample", folder, "-n", 2, "-o", folder / "x.npz")
            case "encode":
                np.save(folder / "x.npy", np.zeros((2, 5), dtype=np.float32))
                result = command("encode", folder, folder / "x.npy", "-o", folder / "z.npz")
            case "resume":
                result = command(
                    *["train", trained / "config.yaml", "--out", folder, "--resume"],
                    *["--no-report", "--quiet"],
                )
            case name:
                result = command(name, folder)
        event(f"exit {result.exit_code}")


@few
@given(data=st.data())
def test_files(data, trained, damaged, changed, command):
    check_files(data, trained, damaged, changed, command)


@pytest.mark.slow
@many
@given(data=st.data())
def test_files_many_times(data, trained, damaged, changed, command):
    check_files(data, trained, damaged, changed, command)


@pytest.fixture(scope="module")
def interrupted(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped in the middle, with two training states."""
    config = RunConfig.from_file(
        trained / "config.yaml", overrides=("training.checkpoint_every=1", "training.steps=5")
    )
    out = tmp_path_factory.mktemp("interrupted") / "run"

    def stop(record):
        if record["event"] == "progress" and record["step"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(config, out=out, observe=stop, report=False)
    return out


def check_states(data, interrupted, damaged, survives):
    with copied(interrupted) as folder:
        states = sorted((folder / "checkpoints").glob("state-*"))
        assert len(states) == 2
        for path in states[data.draw(st.integers(0, 1)) :]:
            path.write_bytes(damaged(data, path.read_bytes()))
        config = RunConfig.from_file(folder / "config.yaml")
        done = survives(lambda: run(config, out=folder, report=False, resume=True))
        event("resumed" if done else "refused")


@settings(few, max_examples=20)
@given(data=st.data())
def test_training_states(data, interrupted, damaged, survives):
    check_states(data, interrupted, damaged, survives)


@pytest.mark.slow
@settings(many, max_examples=200)
@given(data=st.data())
def test_training_states_many_times(data, interrupted, damaged, survives):
    check_states(data, interrupted, damaged, survives)


def check_report(data, trained, damaged, changed, command):
    with copied(trained) as folder:
        spoil(data, folder, damaged, changed)
        event(f"exit {command('report', folder).exit_code}")


@pytest.mark.slow
@settings(many, max_examples=30)
@given(data=st.data())
def test_reports_many_times(data, trained, damaged, changed, command):
    check_report(data, trained, damaged, changed, command)
