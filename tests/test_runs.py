"""A run from its configuration to its folder, and the model that is loaded from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from gwae_core import RunConfig, evaluate_run, load, run
from gwae_core.builtin.divergences import Sinkhorn
from gwae_core.checkpoints import read_checkpoint
from gwae_core.engine import NotFiniteError
from gwae_core.errors import ConfigError, DataError, GWAEError, RunFolderError


def config(tmp_path: Path, **changes: Any) -> RunConfig:
    """A small run on a table of two blobs."""
    path = tmp_path / "blobs.npz"
    if not path.exists():
        rng = np.random.default_rng(0)
        y = np.repeat([0, 1], 60)
        x = rng.normal(size=(120, 5)) + 6 * y[:, None]
        np.savez(path, x=x.astype(np.float32), y=y)
    return RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "data": {"type": "arrays", "path": str(path)},
            "encoder": {"type": "mlp", "hidden": [16]},
            "decoder": {"type": "mlp", "hidden": [16]},
            "prior": {"type": "gaussian-mixture", "num_components": 2},
            "training": {
                "steps": 40,
                "batch_size": 32,
                "validate_every": 10,
                "log_every": 10,
                **changes.pop("training", {}),
            },
            **changes,
        }
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return run(config(folder), out=folder / "out", report=False).folder


def test_a_run_folder_holds_what_architecture_promises(finished: Path) -> None:
    names = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert names == {
        "config.yaml",
        "environment.json",
        "metrics.jsonl",
        "metrics.csv",
        "split.npz",
        "checkpoints/last.safetensors",
        "checkpoints/best.safetensors",
        "evaluation/metrics.json",
        "evaluation/facts.json",
        "evaluation/figures.npz",
    }
    records = [json.loads(line) for line in (finished / "metrics.jsonl").read_text().splitlines()]
    events = [r["event"] for r in records]
    assert (events[0], events[-1]) == ("start", "end")
    assert records[0]["train"] + records[0]["validation"] + records[0]["test"] == 120
    environment = json.loads((finished / "environment.json").read_text())
    assert environment["components"]["prior gaussian-mixture"]["distribution"] == "gwae-core"
    assert environment["data"]["shape"] == [5]


def test_the_saved_configuration_is_the_one_that_ran(finished: Path) -> None:
    saved = RunConfig.from_file(finished / "config.yaml")
    assert saved == config(finished.parent)


def test_the_same_seed_gives_the_same_weights_and_numbers(tmp_path: Path) -> None:
    results = [run(config(tmp_path), out=tmp_path / name, report=False) for name in ("one", "two")]
    states = [read_checkpoint(r.folder / "checkpoints/last.safetensors")[0] for r in results]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert results[0].metrics == results[1].metrics


def test_a_loaded_model_does_what_the_trained_one_did(finished: Path) -> None:
    metrics = json.loads((finished / "evaluation" / "metrics.json").read_text())
    assert evaluate_run(finished, force=True) == pytest.approx(metrics)
    model = load(finished)
    x = np.random.default_rng(1).normal(size=(7, 5)).astype(np.float32)
    z = model.encode(x)
    assert isinstance(z, np.ndarray) and z.shape == (7, 2)
    tensor = model.encode(torch.from_numpy(x))
    assert isinstance(tensor, torch.Tensor)
    np.testing.assert_allclose(tensor.numpy(), z, rtol=1e-6)
    np.testing.assert_allclose(model.decode(z), model.reconstruct(x), rtol=1e-6)
    assert model.sample(5).shape == (5, 5)
    assert np.array_equal(model.sample(5, seed=3), model.sample(5, seed=3))
    assert not np.array_equal(model.sample(5, seed=3), model.sample(5, seed=4))
    assert model.sample(4, component=1).shape == (4, 5)


def test_evaluation_is_on_points_that_were_not_trained_on(finished: Path) -> None:
    with np.load(finished / "split.npz") as split:
        parts = {name: set(split[name].tolist()) for name in split.files}
    assert set(parts) == {"train", "validation", "test"}
    assert not parts["train"] & parts["test"]
    assert not parts["validation"] & (parts["train"] | parts["test"])
    validation = evaluate_run(finished, part="validation")
    assert validation != evaluate_run(finished, part="test")


def test_wrong_inputs_of_a_model_are_refused(finished: Path) -> None:
    model = load(finished)
    with pytest.raises(DataError, match=r"shape \(n, 5\).*got \(3, 4\)"):
        model.encode(np.zeros((3, 4), dtype=np.float32))
    with pytest.raises(DataError, match="NaN"):
        model.encode(np.full((3, 5), np.nan, dtype=np.float32))
    with pytest.raises(DataError, match=r"codes must be of shape \(n, 2\)"):
        model.decode(np.zeros((1, 3), dtype=np.float32))
    with pytest.raises(ConfigError, match="at least 1; got 0"):
        model.sample(0)


def test_other_data_are_noticed(tmp_path: Path) -> None:
    folder = run(config(tmp_path), out=tmp_path / "out", report=False).folder
    with np.load(tmp_path / "blobs.npz") as file:
        np.savez(tmp_path / "blobs.npz", x=file["x"] + 1, y=file["y"])
    with pytest.raises(DataError, match="differ from those"):
        evaluate_run(folder)


def test_truncated_and_foreign_checkpoints_are_named(finished: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes((finished / "checkpoints/last.safetensors").read_bytes()[:-100])
    with pytest.raises(RunFolderError, match="truncated or not a checkpoint"):
        read_checkpoint(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(RunFolderError, match="not a checkpoint of gwae-core"):
        read_checkpoint(path)
    with pytest.raises(RunFolderError, match="no checkpoint"):
        read_checkpoint(tmp_path / "missing.safetensors")


def test_a_term_that_is_not_finite_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    original = Sinkhorn.forward

    def broken(self: Sinkhorn, *arguments: Any, **keywords: Any) -> torch.Tensor:
        calls.append(torch.is_grad_enabled())
        value = original(self, *arguments, **keywords)
        return value * float("nan") if calls.count(True) == 6 else value

    monkeypatch.setattr(Sinkhorn, "forward", broken)
    out = tmp_path / "out"
    with pytest.raises(NotFiniteError, match="'divergence' is not finite at step 38") as caught:
        run(config(tmp_path), out=out, report=False)
    state, facts = read_checkpoint(out / "checkpoints/last.safetensors")
    assert facts["step"] == 32  # the last validation: the end of the first stage
    assert all(torch.isfinite(tensor).all() for tensor in state.values())
    assert "last good checkpoint" in caught.value.message
    with np.load(out / "failure" / "batch-step-38.npz") as batch:
        assert batch["x"].shape == (32, 5)
    assert json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])["event"] == "failure"


def test_a_run_that_cannot_begin_leaves_nothing_behind(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(GWAEError):
        run(config(tmp_path, training={"accelerator": "tpu"}), out=out, report=False)
    assert not out.exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("x")
    with pytest.raises(RunFolderError, match="exists already"):
        run(config(tmp_path), out=tmp_path / "out", report=False)
    assert (tmp_path / "out" / "precious").read_text() == "x"


def test_folders_without_a_name_are_numbered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    short = config(tmp_path, training={"steps": 2})
    names = [run(short, report=False).folder.name for _ in range(2)]
    assert names == ["arrays-gwae-gaussian-mixture-seed0", "arrays-gwae-gaussian-mixture-seed0-2"]


def test_own_modules_train_and_come_back_with_parts(tmp_path: Path) -> None:
    parts = {"decoder": torch.nn.Linear(2, 5)}
    result = run(config(tmp_path), out=tmp_path / "out", report=False, parts=parts)
    with pytest.raises(ConfigError, match="modules of your own: decoder"):
        load(result.folder)
    model = load(result.folder, parts={"decoder": torch.nn.Linear(2, 5)})
    assert torch.equal(model.objective.decoder.weight, parts["decoder"].weight)
    with pytest.raises(GWAEError, match="modules of your own: decoder"):
        evaluate_run(result.folder)


def test_records_reach_the_observer_in_order(tmp_path: Path) -> None:
    records: list[Mapping[str, Any]] = []
    run(config(tmp_path), out=tmp_path / "out", report=False, observe=records.append)
    progress = [r["step"] for r in records if r["event"] == "progress"]
    assert progress == list(range(1, 41))
    assert [r["stage"] for r in records if r["event"] == "stage"] == ["representation", "joint"]


def test_a_reconstruction_with_a_range_loads_without_the_data(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(size=(60, 5)).astype(np.float32)
    settings = config(tmp_path, reconstruction="bernoulli", training={"steps": 2})
    folder = run(settings, out=tmp_path / "out", report=False, data=x).folder
    assert load(folder).sample(3).shape == (3, 5)
