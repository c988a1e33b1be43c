"""TensorBoard reads what the tracker wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gwae_core import RunConfig, run
from gwae_core.builtin.trackers import TensorBoard
from gwae_core.records import flatten, read_records

DATA = np.random.default_rng(0).normal(size=(90, 4))
SMALL = {"steps": 20, "log_every": 10, "batch_size": 16}

pytest.importorskip("tensorboard")


def read(folder: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(folder / "tensorboard"))
    accumulator.Reload()
    return accumulator


def test_every_logged_number_is_a_scalar_at_its_step(tmp_path: Path) -> None:
    config = RunConfig.from_mapping(
        {"latent_dim": 2, "training": SMALL, "trackers": ["tensorboard"]}
    )
    result = run(config, out=tmp_path / "run", report=False, data=DATA)
    found = read(result.folder)
    for event in ("train", "validation"):
        records = [r for r in read_records(result.folder / "metrics.jsonl") if r["event"] == event]
        assert records
        for name in flatten(records[0].get("terms", {}), "terms."):
            scalars = found.Scalars(f"{event}/{name}")
            expected = [(r["step"], flatten(r)[name]) for r in records if name in flatten(r)]
            assert [s.step for s in scalars] == [step for step, _ in expected]
            assert [s.value for s in scalars] == pytest.approx([v for _, v in expected], rel=1e-6)
    for name, value in result.metrics.items():
        assert found.Scalars(f"test/{name}")[0].value == pytest.approx(value, rel=1e-6)
    assert "config/text_summary" in found.Tags()["tensors"]


def test_a_resumed_run_adds_to_what_is_there_and_a_failure_is_noted(tmp_path: Path) -> None:
    for step in (1, 2):
        tracker = TensorBoard(TensorBoard.Config())
        tracker.start(tmp_path, {"seed": 0})
        tracker.record({"event": "train", "step": step, "terms": {"gw": float(step)}})
        tracker.record({"event": "warning", "step": step, "message": "look out"})
        tracker.fail("KeyboardInterrupt: ")
    found = read(tmp_path)
    assert [(s.step, s.value) for s in found.Scalars("train/terms.gw")] == [(1, 1.0), (2, 2.0)]
    assert {"failure/text_summary", "warning/text_summary"} <= set(found.Tags()["tensors"])
