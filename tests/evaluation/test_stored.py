from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gwae_core.errors import RunFolderError
from gwae_core.evaluation.stored import Evaluation, load_evaluation, save_evaluation, unusable

EXAMPLE = Evaluation(
    metrics={"clustering.prior.accuracy": 0.9, "reconstruction.mse": 1e-3},
    figures={"z": np.ones((3, 2), np.float32), "y": np.array([2, 0, 1])},
    facts={"label_names": ["null", "Größe", "2"], "slope": 1.5, "counts": {"test": 3}},
)


def test_what_is_saved_comes_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = save_evaluation(tmp_path, EXAMPLE)
    assert sorted(path.name for path in folder.iterdir()) == [
        "facts.json",
        "figures.npz",
        "metrics.json",
    ]
    found = load_evaluation(tmp_path)
    assert found.metrics == EXAMPLE.metrics
    assert found.facts == EXAMPLE.facts
    for name, array in EXAMPLE.figures.items():
        np.testing.assert_array_equal(found.figures[name], array)
        assert found.figures[name].dtype == array.dtype


def test_a_second_evaluation_replaces_the_first(tmp_path: Path) -> None:
    save_evaluation(tmp_path, EXAMPLE)
    save_evaluation(tmp_path, Evaluation({"a": 1.0}, {}, {}))
    assert load_evaluation(tmp_path) == Evaluation({"a": 1.0}, {}, {})


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="'bad' holds objects"):
        save_evaluation(tmp_path, Evaluation({}, {"bad": np.array([{}])}, {}))
    assert not (tmp_path / "evaluation").exists()


def test_a_run_without_evaluation_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"holds no evaluation\nhint: gwae evaluate"):
        load_evaluation(tmp_path)


@pytest.mark.parametrize("name", ["facts.json", "figures.npz", "metrics.json"])
def test_a_truncated_file_is_named_as_unreadable(tmp_path: Path, name: str) -> None:
    path = save_evaluation(tmp_path, EXAMPLE) / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RunFolderError, match="cannot be read"):
        load_evaluation(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "evaluation").write_text("a file")
    with pytest.raises(RunFolderError, match="cannot write"):
        save_evaluation(tmp_path, EXAMPLE)


def test_numbers_are_plain_json(tmp_path: Path) -> None:
    text = (save_evaluation(tmp_path, EXAMPLE) / "metrics.json").read_text()
    assert json.loads(text) == EXAMPLE.metrics


def test_values_that_are_not_finite_are_named() -> None:
    assert unusable({"a": 1.0, "b": float("nan"), "c": float("-inf")}) == ["b", "c"]
