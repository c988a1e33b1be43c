"""Trackers in a run: told of everything, and left out once they fail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from gwae_core import RunConfig, run
from gwae_core.errors import GWAEError
from gwae_core.interfaces import Tracker
from gwae_core.records import read_records

DATA = np.random.default_rng(0).normal(size=(90, 4))
SMALL = {"steps": 20, "log_every": 10, "batch_size": 16}


class Heard(Tracker):
    """Remembers what it is told.

    Source: a test.
    """

    class Config(Tracker.Config):
        """Where it fails."""

        type: Literal["heard"] = "heard"
        fails: Literal["", "start", "record", "finish"] = ""
        """The method that raises."""

    config: Config
    told: ClassVar[list[tuple[str, Any]]] = []

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        self._hear("start", (folder, config))

    def record(self, record: Mapping[str, Any]) -> None:
        self._hear("record", record)

    def finish(self, metrics: Mapping[str, float]) -> None:
        self._hear("finish", metrics)

    def fail(self, reason: str) -> None:
        self._hear("fail", reason)

    def _hear(self, method: str, what: Any) -> None:
        self.told.append((method, what))
        if method == self.config.fails:
            raise ConnectionError("no route to host")


@pytest.fixture(autouse=True)
def told() -> list[tuple[str, Any]]:
    Heard.told.clear()
    return Heard.told


def config(*trackers: object, **changes: Any) -> RunConfig:
    values = {"latent_dim": 2, "training": SMALL, "trackers": trackers}
    return RunConfig.from_mapping(values | changes, components=[Heard])


def test_a_tracker_hears_every_line_of_the_log_between_start_and_finish(
    tmp_path: Path, told: list[tuple[str, Any]]
) -> None:
    result = run(config("heard"), out=tmp_path / "run", report=False, data=DATA)
    methods = [method for method, _ in told]
    assert (methods[0], methods[-1]) == ("start", "finish")
    assert told[0][1][0] == result.folder
    assert told[0][1][1]["latent_dim"] == 2
    assert told[-1][1] == result.metrics
    records = [what for method, what in told if method == "record"]
    assert json.loads(json.dumps(records)) == read_records(result.folder / "metrics.jsonl")


@pytest.mark.parametrize("method", ["start", "record", "finish"])
def test_a_tracker_that_fails_is_left_out_and_the_run_goes_on(
    method: str, tmp_path: Path, told: list[tuple[str, Any]]
) -> None:
    seen: list[Mapping[str, Any]] = []
    trackers = ({"type": "heard", "fails": method}, "heard")
    result = run(
        config(*trackers), out=tmp_path / "run", observe=seen.append, report=False, data=DATA
    )
    assert result.metrics
    # One of two is told of everything, the other of nothing after it failed.
    assert [m for m, _ in told].count("finish") == (2 if method == "finish" else 1)
    for records in (seen, read_records(result.folder / "metrics.jsonl")):
        (warning,) = [r for r in records if r["event"] == "warning" and "tracker" in r["message"]]
        assert "'heard' failed and is left out" in warning["message"]
        assert "ConnectionError: no route to host" in warning["message"]


def test_a_tracker_is_told_that_the_run_failed(
    tmp_path: Path, told: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupt(Exception):
        pass

    def observe(record: Mapping[str, Any]) -> None:
        if record["step"] >= 10:
            raise Interrupt("enough")

    with pytest.raises(Interrupt):
        run(config("heard"), out=tmp_path / "run", observe=observe, report=False, data=DATA)
    assert told[-1] == ("fail", "Interrupt: enough")
    assert (tmp_path / "run" / "metrics.csv").is_file()


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_missing_package_is_named_before_anything_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gwae_core.builtin.trackers.packages.find_spec", lambda package: None)
    with pytest.raises(GWAEError, match=f"'{name}' needs the package '{name}'") as caught:
        run(config(name), out=tmp_path / "run", data=DATA)
    assert "pip install" in str(caught.value.hint)
    assert not (tmp_path / "run").exists()
