"""The study on a function in place of training: laws of the searches, and of claims."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna")

from gwae_core import SweepConfig
from gwae_core.errors import ConfigError, RunFolderError, TrainingError
from gwae_core.sweeping import claim
from gwae_core.sweeping.study import Study
from gwae_core.sweeping.trial import Hopeless, WrongMetric
from gwae_core.sweeping.worker import work

RATE = "training.learning_rate"
SPACE: dict[str, Any] = {
    RATE: {"low": 1e-4, "high": 1e-1, "log": True},
    "latent_dim": {"low": 2, "high": 30, "integer": True},
    "prior": ["normal", {"type": "gaussian-mixture", "num_components": 4}],
}


def config(search: str = "random", trials: int | None = 8, **changes: Any) -> SweepConfig:
    return SweepConfig.from_mapping(
        {
            "run": {},
            "space": SPACE,
            "search": search,
            "trials": trials,
            "metric": "reconstruction.mse",
            **changes,
        }
    )


MEMORY = "sqlite:///:memory:"
"""A storage for tests that open a study once."""


@contextmanager
def opened(settings: SweepConfig, folder: Path) -> Iterator[Study]:
    study = Study(settings, folder)
    try:
        yield study
    finally:
        study.close()


def bowl(params: Mapping[str, Any]) -> float:
    """Smallest at a rate of 0.01, 10 dimensions and a normal prior."""
    distance = abs(math.log10(params[RATE]) + 2) + abs(params["latent_dim"] - 10) / 10
    return distance + (params["prior"] != "normal")


def carried_out(settings: SweepConfig, folder: Path) -> list[Any]:
    with opened(settings, folder) as study:
        work(study, lambda trial: bowl(trial.params), observe=lambda record: None)
        return list(study.results().trials)


def params(trials: list[Any]) -> list[Any]:
    return [trial.params for trial in trials]


def test_a_grid_covers_all(tmp_path):
    space = {"latent_dim": [2, 3], "training.steps": {"low": 10, "high": 30, "step": 10}}
    found = carried_out_of(config("grid", None, space=space, storage=MEMORY), tmp_path / "s")
    assert sorted(found) == [(d, s) for d in (2, 3) for s in (10, 20, 30)]


def carried_out_of(settings: SweepConfig, folder: Path) -> list[tuple[Any, ...]]:
    with opened(settings, folder) as study:
        work(study, lambda trial: 0.0, observe=lambda record: None)
        return [tuple(trial.params.values()) for trial in study.results().trials]


@pytest.mark.parametrize("search", ["random", "tpe"])
def test_a_search_is_its_seed(search, tmp_path):
    settings = config(search, startup_trials=3, storage=MEMORY)
    one, two = (carried_out(settings, tmp_path / name) for name in "ab")
    assert params(one) == params(two)
    assert len({str(p) for p in params(one)}) == len(one) == 8
    other = carried_out(config(search, startup_trials=3, seed=1, storage=MEMORY), tmp_path / "c")
    assert params(other) != params(one)
    for found in params(one):
        assert 1e-4 <= found[RATE] <= 1e-1 and found["latent_dim"] in range(2, 31)


def test_more_trials_may_be_asked_for_and_begin_alike(tmp_path):
    few = carried_out(config(trials=3), tmp_path / "s")
    more = carried_out(config(trials=5), tmp_path / "s")
    assert [trial.number for trial in more] == [0, 1, 2, 3, 4]
    assert more[:3] == few
    assert params(carried_out(config(trials=5), tmp_path / "t")) == params(more)


def test_the_model_finds_better_values_than_chance(tmp_path):
    means = {}
    for search in ("random", "tpe"):
        found = carried_out(config(search, 40, storage=MEMORY), tmp_path / search)
        values = [trial.value for trial in found]
        means[search] = sum(values[20:]) / 20
    assert means["tpe"] < 0.6 * means["random"]


def test_the_best_follows_the_direction(tmp_path):
    with opened(config(metric="clustering.prior.accuracy"), tmp_path / "s") as study:
        work(study, lambda trial: bowl(trial.params), observe=lambda record: None)
        found = study.results()
    values = [trial.value for trial in found.trials]
    assert found.best is not None and found.best.value == max(values)
    assert [trial.value for trial in found.ranked] == sorted(values, reverse=True)


def test_two_workers_never_hold_one_trial(tmp_path):
    settings = config(trials=4)
    with opened(settings, tmp_path / "s") as one, opened(settings, tmp_path / "s") as two:
        with one.claim() as a, two.claim() as b, ExitStack() as more:
            rest = [more.enter_context(study.claim()) for study in (one, two, one, two)]
            numbers = [trial.number for trial in (a, b, *rest) if trial is not None]
            assert numbers == [0, 1, 2, 3]
            assert rest[2:] == [None, None]
        # All of them were let go unfinished, and are taken up again with the same values.
        with two.claim() as again:
            assert again.number == 0 and again.params == a.params


def test_a_trial_that_was_left_behind_comes_first_and_keeps_its_values(tmp_path):
    settings = config(trials=3)
    with opened(settings, tmp_path / "s") as study:
        with pytest.raises(RunFolderError), study.claim() as trial:
            left = trial.params
            raise RunFolderError("disk full")
        assert [t.state for t in study.results().trials] == ["running", "waiting", "waiting"]
    found = carried_out(settings, tmp_path / "s")
    assert [t.state for t in found] == ["finished"] * 3
    assert found[0].params == left
    assert params(found) == params(carried_out(settings, tmp_path / "t"))


def test_a_trial_of_another_machine_is_taken_over_after_a_silence(tmp_path, monkeypatch):
    settings = config(trials=1)
    with opened(settings, tmp_path / "s") as study:
        monkeypatch.setattr(claim.platform, "node", lambda: "another")
        with study.claim() as trial:
            assert trial is not None
        monkeypatch.undo()
        with study.claim() as trial:
            assert trial is None
        monkeypatch.setattr(claim, "SILENCE", 0.0)
        with study.claim() as trial:
            assert trial is not None and trial.number == 0


def test_failed_trials_are_noted_and_the_others_go_on(tmp_path):
    told: list[Any] = []

    def carry_out(trial):
        if trial.number == 1:
            raise TrainingError("the loss is NaN")
        if trial.number == 2:
            raise ZeroDivisionError("a bug")
        return 1.0

    with opened(config(trials=4), tmp_path / "s") as study:
        work(study, carry_out, observe=told.append)
        found = study.results().trials
    assert [trial.state for trial in found] == ["finished", "failed", "failed", "finished"]
    assert [trial.error for trial in found[1:3]] == ["the loss is NaN", "ZeroDivisionError: a bug"]
    assert [trial.is_bug for trial in found[1:3]] == [False, True]
    assert next(r["text"] for r in told if r["event"] == "traceback").endswith("a bug\n")


def test_a_mistake_that_all_trials_share_ends_the_sweep(tmp_path):
    def carry_out(trial):
        raise TrainingError("the loss is NaN")

    with opened(config(trials=9), tmp_path / "s") as study:
        with pytest.raises(TrainingError, match=r"the first 3 trials failed.*the loss is NaN"):
            work(study, carry_out, observe=lambda record: None)
        assert sum(trial.state == "waiting" for trial in study.results().trials) == 6


KILLED = """
import json, os, signal, sys
from pathlib import Path
from gwae_core import SweepConfig
from gwae_core.sweeping.study import Study
from gwae_core.sweeping.worker import work

def carry_out(trial):
    if trial.number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0

study = Study(SweepConfig.from_mapping(json.loads(sys.argv[1])), Path(sys.argv[2]))
work(study, carry_out, observe=lambda record: print(json.dumps(record), flush=True))
study.close()
"""


@pytest.mark.slow
def test_a_trial_that_kills_every_worker_is_given_up_after_three(tmp_path):
    command = [sys.executable, "-c", KILLED, config(trials=2).model_dump_json(), tmp_path / "s"]
    ended = [subprocess.run(command, capture_output=True, text=True) for _ in range(4)]
    assert [one.returncode for one in ended] == [-signal.SIGKILL] * 3 + [0], ended[-1].stderr
    told = [json.loads(line) for line in ended[-1].stdout.splitlines()]
    given_up = next(record for record in told if record["event"] == "end")
    assert (given_up["trial"], given_up["state"]) == (0, "failed")
    assert "3 workers were killed while they worked on it" in given_up["error"]
    with opened(config(trials=2), tmp_path / "s") as study:
        assert [trial.state for trial in study.results().trials] == ["failed", "finished"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RunFolderError("disk full")])
def test_a_trial_that_is_let_go_is_not_counted_as_killed(error, tmp_path):
    def carry_out(trial):
        raise error

    with opened(config(trials=1), tmp_path / "s") as study:
        for _ in range(5):
            with pytest.raises(type(error)):
                work(study, carry_out, observe=lambda record: None)
        with study.claim() as trial:
            assert trial is not None and trial.killed == 0


@pytest.mark.parametrize("error", [RunFolderError("disk full"), WrongMetric("no such metric")])
def test_an_error_that_is_not_of_the_trial_leaves_it_for_later(error, tmp_path):
    def carry_out(trial):
        raise error

    with opened(config(trials=2), tmp_path / "s") as study:
        with pytest.raises(type(error), match=error.message):
            work(study, carry_out, observe=lambda record: None)
        assert [trial.state for trial in study.results().trials] == ["running", "waiting"]


@pytest.mark.parametrize("metric", ["reconstruction.mse", "clustering.prior.accuracy"])
@pytest.mark.parametrize("pruning", ["median", "halving"])
def test_hopeless_trials_are_given_up(pruning, metric, tmp_path):
    asked = {"type": pruning, "startup_trials": 2, "warmup_steps": 2, "reduction": 2}
    seen: dict[int, int] = {}

    def carry_out(trial):
        bad = trial.number % 2
        for step in range(10):
            seen[trial.number] = step
            if trial.is_hopeless(step, 1.0 - 0.01 * step + bad):
                raise Hopeless
        return 0.5

    settings = config(trials=10, pruning=asked, metric=metric, storage=MEMORY)
    with opened(settings, tmp_path / "s") as study:
        work(study, carry_out, observe=lambda record: None)
        found = study.results().trials
    pruned = [trial.number for trial in found if trial.state == "pruned"]
    assert [n for n in pruned if n % 2] == pruned and len(pruned) >= 3
    assert all(2 <= seen[n] < 9 for n in pruned)
    assert all(trial.value is None for trial in found if trial.state == "pruned")


def test_a_step_that_was_reported_before_is_not_reported_again(tmp_path):
    with opened(config(trials=1, pruning="median"), tmp_path / "s") as study:
        for _ in range(2):
            with study.claim() as trial:
                assert not trial.is_hopeless(5, 1.0)


def test_another_sweep_in_the_folder_is_refused(tmp_path):
    carried_out(config(trials=2), tmp_path / "s")
    with pytest.raises(RunFolderError, match="holds another sweep, with other search, seed"):
        Study(config("tpe", 2, seed=4), tmp_path / "s")
    (tmp_path / "s").rename(tmp_path / "moved")
    assert len(carried_out(config(trials=3), tmp_path / "moved")) == 3


@pytest.mark.parametrize(
    ("name", "what"), [("config.yaml", "a run"), ("thesis.tex", "something else")]
)
def test_a_folder_of_something_else_is_refused(name, what, tmp_path):
    (tmp_path / name).write_text("all my work")
    with pytest.raises(RunFolderError, match=f"holds {what}, no sweep"):
        Study(config(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {name}


def test_a_database_knows_the_folder_of_its_sweep(tmp_path):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    found = carried_out(config(trials=2, storage=storage), tmp_path / "a/s")
    assert len(found) == 2 and not (tmp_path / "a/s/sweep.db").exists()
    assert len(carried_out(config(trials=2, storage=storage), tmp_path / "a/t")) == 2
    with pytest.raises(RunFolderError, match="has a sweep 's' of another folder"):
        Study(config(trials=2, storage=storage), tmp_path / "b/s")


def test_a_storage_that_cannot_be_opened_is_named_without_its_password(tmp_path):
    for url in ("nonsense", "oracle9://me:secret@host/db", f"sqlite:///{tmp_path}/no/such.db"):
        with pytest.raises(ConfigError, match="storage of the sweep cannot be opened") as caught:
            Study(config(storage=url), tmp_path / "s")
        assert "secret" not in str(caught.value)


def test_without_optuna_an_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match="needs optuna") as caught:
        Study(config(), tmp_path / "s")
    assert "gwae-core[sweep]" in str(caught.value.hint)


CROWD = """
import json, sys, time
from pathlib import Path
from gwae_core import SweepConfig
from gwae_core.sweeping.study import Study
from gwae_core.sweeping.worker import work

study = Study(SweepConfig.from_mapping(json.loads(sys.argv[1])), Path(sys.argv[2]))

def carry_out(trial):
    with (Path(sys.argv[2]) / "log").open("a") as file:
        print(trial.number, file=file, flush=True)
    time.sleep(0.01)
    return 0.0

work(study, carry_out, observe=lambda record: None)
study.close()
"""


@pytest.mark.slow
def test_two_processes_share_the_trials_and_carry_out_each_once(tmp_path):
    settings = config(trials=12).model_dump_json()
    command = [sys.executable, "-c", CROWD, settings, str(tmp_path / "s")]
    crowd = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in crowd:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    done = [int(line) for line in (tmp_path / "s/log").read_text().split()]
    assert sorted(done) == list(range(12))
    assert [trial.state for trial in carried_out(config(trials=12), tmp_path / "s")] == [
        "finished"
    ] * 12


def test_settings_are_kept_as_json(tmp_path):
    carried_out(config(trials=1), tmp_path / "s")
    assert set(json.loads((tmp_path / "s/sweep.json").read_text())) == {"folder"}
    began = time.monotonic()
    with opened(config(trials=1), tmp_path / "s") as study:
        assert study.study.user_attrs["settings"]["space"][RATE]["log"] is True
    assert time.monotonic() - began < 10
