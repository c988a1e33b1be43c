"""A run that was interrupted ends as if it had not been: byte for byte."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gwae_core import RunConfig, load, run
from gwae_core.interfaces import Prior
from gwae_core.registry import CORE

DATA = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
DATA[30:] += 3.0
CRITIC = {
    "divergence": {"type": "critic", "steps": 2, "channels": 2, "width": 8, "features": 4},
    "weights": {"divergence": 1.0},
}
ONE_STAGE = {"prior": "normal"}


def config(changes: Mapping[str, Any] | None = None) -> RunConfig:
    """A tiny run with validation, periodic states and log records at different steps."""
    changes = dict(changes or {})
    training = {
        "steps": 16,
        "batch_size": 8,
        "validate_every": 5,
        "log_every": 3,
        "checkpoint_every": 4,
        "threads": 1,
        **changes.pop("training", {}),
    }
    objective = {"type": "gwae", **changes.pop("objective", {})}
    if objective["type"] == "gwae":
        objective.setdefault("representation_share", 0.5)
    return RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "objective": objective,
            "encoder": {"type": "mlp", "hidden": [6]},
            "decoder": {"type": "mlp", "hidden": [6]},
            "metrics": [],
            "training": training,
            **changes,
        }
    )


class Crash(Exception):
    """Stands for whatever may happen."""


def interrupted(settings: RunConfig, out: Path, *, at: int, **arguments: Any) -> None:
    """Run until a step, and fail there."""

    def crash(record: Mapping[str, Any]) -> None:
        if record["event"] == "progress" and record["step"] == at:
            raise Crash

    with pytest.raises(Crash):
        run(settings, out=out, report=False, data=DATA, observe=crash, **arguments)


def records(folder: Path) -> list[dict[str, Any]]:
    """The records without times."""
    found = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for record in found:
        record.pop("seconds", None)
        record.pop("steps_per_second", None)
    return found


def assert_same(one: Path, two: Path) -> None:
    """Weights byte for byte, and all records but for their times."""
    for name in ("last", "best"):
        paths = [folder / "checkpoints" / f"{name}.safetensors" for folder in (one, two)]
        assert paths[0].read_bytes() == paths[1].read_bytes(), name
    assert records(one) == records(two)
    names = [sorted(p.name for p in folder.rglob("*") if p.is_file()) for folder in (one, two)]
    assert names[0] == names[1]


MIXTURE = {"type": "gaussian-mixture", "num_components": 2, "fit_starts": 1}
PRIORS = {
    "gaussian-mixture": MIXTURE,
    "neural": {"type": "neural", "hidden_layers": 1, "training_points": 16},
    "vamp": {"type": "vamp", "num_components": 3},
}
CASES: dict[str, dict[str, Any]] = {
    "critic": {**ONE_STAGE, "objective": CRITIC},
    "critic, two stages": {"prior": MIXTURE, "objective": CRITIC},
    "mmd": {**ONE_STAGE, "objective": {"divergence": "mmd", "weights": {"divergence": 1.0}}},
    "sliced, entropic": {
        **ONE_STAGE,
        "objective": {"divergence": "sliced-wasserstein", "estimator": "entropic"},
    },
    "exact, warm-started": {**ONE_STAGE, "objective": {"estimator": "exact", "compare": "data"}},
    "gap": {**ONE_STAGE, "objective": {"estimator": "gromov-monge-gap"}},
    "averaged weights": {"prior": MIXTURE, "training": {"ema_decay": 0.9}},
    "averaged weights of the best": {
        **ONE_STAGE,
        "training": {"ema_decay": 0.9, "select": "best"},
    },
    "bf16": {**ONE_STAGE, "training": {"precision": "bf16-mixed"}},
    "bf16, critic": {
        **ONE_STAGE,
        "objective": CRITIC,
        "training": {"precision": "bf16-mixed", "ema_decay": 0.9},
    },
    "64 bits": {**ONE_STAGE, "training": {"precision": "64-true"}},
    "two batches a step": {**ONE_STAGE, "training": {"accumulate": 2}},
    "two batches a step, critic": {
        **ONE_STAGE,
        "objective": CRITIC,
        "training": {"accumulate": 2},
    },
    "ramp and cosine": {
        **ONE_STAGE,
        "objective": {"weights": {"divergence": {"start": 0, "end": 1, "over": [0.2, 0.8]}}},
        "training": {"decay_shape": "cosine", "decay": 1.0},
    },
    "vae": {**ONE_STAGE, "objective": {"type": "vae", "beta": {"start": 0, "end": 1}}},
    "early stop": {"prior": MIXTURE, "training": {"patience": 1, "monitor": "entropy"}},
    "deterministic": {**ONE_STAGE, "training": {"deterministic": True}},
    "rmsprop": {**ONE_STAGE, "training": {"optimizer": "rmsprop"}},
    "adamw": {**ONE_STAGE, "training": {"optimizer": "adamw", "weight_decay": 0.1}},
    "sgd": {**ONE_STAGE, "training": {"optimizer": "sgd", "learning_rate": 1e-4}},
}


RARE = ("critic, two stages", "sliced, entropic", "gap", "64 bits", "adamw", "sgd", "deterministic")
"""Cases that the others nearly cover."""


def core_priors() -> list[str]:
    from gwae_core.plugins import registry

    entries = [e for e in registry() if issubclass(e.component, Prior)]
    return [e.component.name() for e in entries if e.source.distribution == CORE]


CASES |= {f"prior {name}": {"prior": PRIORS.get(name, name)} for name in core_priors()}


def slow(values: Sequence[Any], rare: Sequence[Any]) -> list[Any]:
    """Parameters, some of which are for the slow tests."""
    return [pytest.param(v, marks=[pytest.mark.slow] if v in rare else []) for v in values]


@pytest.mark.parametrize("case", slow(list(CASES), RARE))
def test_a_resumed_run_ends_as_an_uninterrupted_one(case: str, tmp_path: Path) -> None:
    settings = config(CASES[case])
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    result = run(settings, out=whole, report=False, data=DATA)
    interrupted(settings, broken, at=14)
    resumed = run(settings, out=broken, report=False, data=DATA, resume=True)
    assert_same(whole, broken)
    assert resumed.metrics == result.metrics
    assert (case == "early stop") == ("early-stop" in {r["event"] for r in records(whole)})


@pytest.mark.parametrize("at", slow([1, 4, 7, 8, 9, 10, 15, 16], [4, 7, 10, 15]))
def test_any_step_will_do_for_an_interruption(at: int, tmp_path: Path) -> None:
    """Before the first state, at the end of a stage, before and after a validation, at the end."""
    settings = config({"prior": MIXTURE, "training": {"patience": 2}})
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run(settings, out=whole, report=False, data=DATA)
    interrupted(settings, broken, at=at)
    run(settings, out=broken, report=False, data=DATA, resume=True)
    assert_same(whole, broken)


class Noisy(nn.Module):
    """A network of the user's own that takes noise from torch's, numpy's and Python's states."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(5, 2), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        shift = np.random.normal() + random.gauss(0, 1) if self.training else 0.0
        codes: Tensor = self.network(x) + shift
        return codes


def seed_all(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def test_global_random_states_are_taken_up_and_given_back(tmp_path: Path) -> None:
    settings = config({**ONE_STAGE, "objective": {"weights": {"entropy": 0}}})

    def parts() -> dict[str, nn.Module]:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return {"encoder": Noisy()}

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run(settings, out=whole, report=False, data=DATA, parts=parts())
    seed_all(5)
    expected = (torch.rand(1), np.random.rand(), random.random())
    seed_all(5)
    interrupted(settings, broken, at=14, parts=parts())
    run(settings, out=broken, report=False, data=DATA, resume=True, parts=parts())
    assert (torch.rand(1), np.random.rand(), random.random()) == expected
    assert_same(whole, broken)


def train_in_child(settings: dict[str, Any], out: Path, steps: Connection) -> None:
    """Train and tell of every step, until somebody kills the process."""
    torch.set_num_threads(1)

    def tell(record: Mapping[str, Any]) -> None:
        if record["event"] == "progress":
            steps.send(record["step"])

    run(
        RunConfig.from_mapping(settings),
        out=out,
        report=False,
        data=DATA,
        observe=tell,
        resume=out.exists(),
    )


def kill_at(settings: dict[str, Any], out: Path, step: int, wait: float) -> None:
    """Train in a process of its own, and kill it some moment after a step."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gwae_core.runs"])
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=train_in_child, args=(settings, out, send))
    process.start()
    send.close()
    try:
        while receive.recv() < step:
            pass
        time.sleep(wait)
    except EOFError:
        pytest.fail("the process ended before it was killed")
    finally:
        process.kill()
        process.join()
    assert process.exitcode == -9


def moments(count: int, *, steps: int) -> list[tuple[int, float]]:
    rng = random.Random(7)
    return [(rng.randrange(1, steps), rng.uniform(0, 0.02)) for _ in range(count)]


KILLED: dict[str, Any] = {
    "prior": MIXTURE,
    "objective": CRITIC,
    "training": {"steps": 40, "ema_decay": 0.9},
}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    return run(config(KILLED), out=folder / "run", report=False, data=DATA).folder


def check_killed(uninterrupted: Path, out: Path, step: int, wait: float) -> None:
    settings = config(KILLED)
    kill_at(settings.model_dump(mode="json"), out, step, wait)
    result = run(settings, out=out, report=False, data=DATA, resume=True)
    leftovers = [path for path in out.rglob(".*") if path.is_file()]
    for path in leftovers:
        path.unlink()
    assert len(leftovers) <= 1  # the file that was being written
    assert_same(uninterrupted, out)
    assert load(result.folder).sample(3).shape == (3, 5)


@pytest.mark.parametrize(("step", "wait"), moments(3, steps=36))
def test_a_killed_run_ends_as_an_uninterrupted_one(
    step: int, wait: float, uninterrupted: Path, tmp_path: Path
) -> None:
    check_killed(uninterrupted, tmp_path / "run", step, wait)


@pytest.mark.slow
@pytest.mark.parametrize(("step", "wait"), moments(28, steps=36)[3:])
def test_killed_at_many_moments(
    step: int, wait: float, uninterrupted: Path, tmp_path: Path
) -> None:
    check_killed(uninterrupted, tmp_path / "run", step, wait)
