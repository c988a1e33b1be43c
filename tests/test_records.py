"""Records, flattened and as a table."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gwae_core import RunConfig, run
from gwae_core.errors import RunFolderError
from gwae_core.records import flatten, read_records, table, write_table

SMALL = {"steps": 30, "log_every": 10, "batch_size": 16}
TRAIN = {
    "event": "train",
    "step": 50,
    "stage": "joint",
    "terms": {"gw": 0.25, "reconstruction": 1.5},
    "total_gradient_norm": {"main": 2.0},
}


def write(folder: Path, *records: object) -> None:
    (folder / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))


def test_numbers_of_nested_mappings_have_dotted_names() -> None:
    nested = {"a": {"b": {"c": 1}}, "d": 2.5, "text": "no", "flag": True, "none": None}
    assert flatten(nested) == {"a.b.c": 1, "d": 2.5}


def test_the_table_has_a_row_for_each_training_and_validation_record(tmp_path: Path) -> None:
    validation = {"event": "validation", "step": 60, "stage": "joint", "terms": {"gw": 0.5}}
    write(tmp_path, {"event": "start", "step": 0}, TRAIN, validation, {"event": "end", "step": 60})
    frame = pd.read_csv(write_table(tmp_path))
    assert list(frame.columns) == [
        "event",
        "step",
        "stage",
        "terms.gw",
        "terms.reconstruction",
        "total_gradient_norm.main",
    ]
    assert frame["event"].tolist() == ["train", "validation"]
    assert frame["step"].tolist() == [50, 60]
    assert frame["terms.gw"].tolist() == [0.25, 0.5]
    assert math.isnan(frame["terms.reconstruction"][1])


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, TRAIN)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"event": "train", "step": 10')
    assert [record["step"] for record in read_records(tmp_path / "metrics.jsonl")] == [50]
    assert len(pd.read_csv(write_table(tmp_path))) == 1


def test_numbers_that_are_not_finite_and_names_with_commas_come_through(tmp_path: Path) -> None:
    write(tmp_path, {**TRAIN, "terms": {"a,b": math.nan, 'c"d': math.inf}})
    frame = pd.read_csv(write_table(tmp_path))
    assert math.isnan(frame["terms.a,b"][0])
    assert frame['terms.c"d'][0] == math.inf


def test_a_run_without_records_gives_an_empty_table(tmp_path: Path) -> None:
    assert table([]) == (["event", "step", "stage"], [])
    assert pd.read_csv(write_table(tmp_path)).empty


def test_the_table_of_a_run_has_the_numbers_of_its_log(tmp_path: Path) -> None:
    config = RunConfig.from_mapping({"latent_dim": 2, "training": {**SMALL, "validate_every": 10}})
    x = np.random.default_rng(0).normal(size=(90, 4))
    folder = run(config, out=tmp_path / "run", report=False, data=x).folder
    frame = pd.read_csv(folder / "metrics.csv")
    logged = [r for r in read_records(folder / "metrics.jsonl") if r["event"] == "train"]
    trained = frame[frame["event"] == "train"]
    assert len(trained) == len(logged) > 3
    for (_, row), record in zip(trained.iterrows(), logged, strict=True):
        for name, value in flatten(record).items():
            assert row[name] == pytest.approx(value, rel=1e-14)


def test_a_folder_that_refuses_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot write"):
        write_table(tmp_path, tmp_path / "file" / "metrics.csv")
