"""What was written by an earlier version is read by this one, or the error says what to do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pytest
import torch
from pydantic import PositiveFloat
from safetensors.torch import save_file

from gwae_core import (
    GWAEDeprecationWarning,
    Prior,
    RunConfig,
    evaluate_run,
    load,
)
from gwae_core.checkpoints import FORMAT, read_checkpoint
from gwae_core.components import Section
from gwae_core.errors import ConfigError, RunFolderError
from gwae_core.migrations import MIGRATIONS, migrate
from gwae_core.report import write_report

DATA = Path(__file__).parent / "data"
STORED = sorted(DATA.glob("run_v*"))
FIELDS = [
    (path.stem, kind, name)
    for path in sorted(DATA.glob("components_v*.json"))
    for kind, names in json.loads(path.read_text()).items()
    for name in names
]


@pytest.fixture
def run_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(request.param, tmp_path / "run"))


stored = pytest.mark.parametrize("run_folder", STORED, ids=lambda path: path.name, indirect=True)


def test_there_is_a_stored_run_of_every_format():
    assert [path.name for path in STORED] == [f"run_v{k + 1}" for k in range(len(MIGRATIONS) + 1)]


@stored
def test_a_stored_run_loads_without_a_warning(run_folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = load(run_folder)
    x = np.zeros((3, *model.data_shape), dtype=np.float32)
    assert model.reconstruct(x).shape == x.shape
    assert model.sample(5).shape == (5, *model.data_shape)


@stored
def test_a_stored_run_is_evaluated_to_the_numbers_it_had(run_folder):
    before = json.loads((run_folder / "evaluation/metrics.json").read_text())
    after = evaluate_run(run_folder)
    # a later version may give more numbers
    assert {name: after[name] for name in before} == pytest.approx(before, rel=1e-3)


@stored
def test_a_stored_run_is_reported(run_folder):
    assert write_report(run_folder).stat().st_size > 10_000


@stored
def test_a_stored_configuration_is_written_in_the_present_format(run_folder):
    config = RunConfig.from_file(run_folder / "config.yaml")
    assert config.schema_version == len(MIGRATIONS) + 1
    assert RunConfig.from_yaml(config.to_yaml()) == config


@pytest.mark.parametrize(("file", "kind", "name"), FIELDS)
def test_the_fields_of_every_component_of_an_earlier_format_are_read(file, kind, name):
    values = json.loads((DATA / f"{file}.json").read_text())[kind][name]
    field = "data" if kind == "dataset" else kind
    if kind in ("estimator", "divergence"):
        field, values = "objective", {kind: values}
        if kind == "estimator" and name in ("exact", "entropic", "sliced", "lower-bound"):
            values["compare"] = "data"
    if kind == "metric":
        field, values = "metrics", [values]
    config = RunConfig.from_mapping({field: values, "schema_version": int(file[-1])})
    assert name in config.to_yaml()


def rename_seed(values: dict[str, Any]) -> dict[str, Any]:
    """A first migration: the field `seed` was called `random_seed`."""
    values["seed"] = values.pop("random_seed", 0)
    return values


def unnest(values: dict[str, Any]) -> dict[str, Any]:
    """A second one, which needs what the first one wrote."""
    values["training"] = {"steps": values.pop("steps") + values["seed"]}
    return values


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"schema_version": 1, "random_seed": 3, "steps": 4},
            {"schema_version": 3, "seed": 3, "training": {"steps": 7}},
        ),
        (
            {"schema_version": 2, "seed": 3, "steps": 4},
            {"schema_version": 3, "seed": 3, "training": {"steps": 7}},
        ),
        ({"schema_version": 3, "seed": 3}, {"schema_version": 3, "seed": 3}),
        ({"seed": 3}, {"seed": 3}),
        ({"schema_version": "two"}, {"schema_version": "two"}),
    ],
)
def test_an_earlier_format_goes_through_the_chain_from_its_own_step_on(values, expected):
    given = json.loads(json.dumps(values))
    assert migrate(given, source="run.yaml", migrations=(rename_seed, unnest)) == expected
    assert given == values


def test_overrides_name_the_fields_of_the_present_format(tmp_path, monkeypatch):
    path = tmp_path / "old.yaml"
    path.write_text("random_seed: 3\n")

    def from_first(values: dict[str, Any], *, source: str) -> dict[str, Any]:
        return rename_seed(dict(values)) if "random_seed" in values else values

    monkeypatch.setattr("gwae_core.config.migrate", from_first)
    assert RunConfig.from_file(path).seed == 3
    assert RunConfig.from_file(path, overrides=("seed=5",)).seed == 5


def test_a_version_below_the_first_is_refused():
    with pytest.raises(ConfigError, match="schema_version: input should be 1; got 0"):
        RunConfig.from_mapping({"schema_version": 0})


@pytest.mark.parametrize("door", ["file", "mapping", "run folder"])
def test_a_newer_format_says_to_upgrade(tmp_path, door):
    newer = len(MIGRATIONS) + 2
    if door == "run folder":
        path = Path(shutil.copytree(STORED[-1], tmp_path / "run")) / "config.yaml"
        text = path.read_text().replace(f"schema_version: {newer - 1}", f"schema_version: {newer}")
    else:
        path, text = tmp_path / "config.yaml", f"schema_version: {newer}\nprior: of-the-future\n"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        if door == "file":
            RunConfig.from_file(path)
        elif door == "run folder":
            load(path.parent)
        else:
            RunConfig.from_mapping({"schema_version": newer}, source=str(path))
    assert f"{path}: schema_version: the format {newer} is newer" in caught.value.message
    # What the installed version cannot know is not complained about beside it.
    assert "of-the-future" not in caught.value.message
    assert "upgrade gwae-core" in caught.value.hint


def test_the_declared_version_is_the_last_of_the_chain():
    annotation = RunConfig.model_fields["schema_version"].annotation
    assert get_args(annotation) == (len(MIGRATIONS) + 1,)


def test_a_checkpoint_of_a_newer_format_says_to_upgrade(tmp_path):
    path = tmp_path / "last.safetensors"
    save_file({"w": torch.zeros(1)}, path, metadata={"format": FORMAT[:-1] + "2", "facts": "{}"})
    with pytest.raises(RunFolderError) as caught:
        read_checkpoint(path)
    assert "gwae-core checkpoint 2" in caught.value.message
    assert "upgrade" in caught.value.hint


class Cube(Prior):
    """A prior whose field was renamed."""

    class Config(Prior.Config):
        type: Literal["cube"] = "cube"
        width: PositiveFloat = 1.0
        """Half the length of an edge."""

        earlier_names: ClassVar = {"half_width": "width"}

    def sample(self, n, *, generator=None):
        return self.noise(n, generator=generator)


def test_the_earlier_name_of_a_field_is_read_with_a_warning():
    with pytest.warns(
        GWAEDeprecationWarning, match=r"'half_width' of Cube\.Config is called 'width' today"
    ):
        config = Cube.Config.model_validate({"half_width": 2.0})
    assert config == Cube.Config(width=2.0)
    assert config.model_dump() == {"type": "cube", "width": 2.0}


def test_a_field_given_by_both_names_is_refused():
    with pytest.raises(ValueError, match="'half_width' is the earlier name of 'width'"):
        Cube.Config.model_validate({"half_width": 2.0, "width": 1.0})


def test_what_an_earlier_name_holds_is_still_checked():
    with pytest.warns(GWAEDeprecationWarning), pytest.raises(ValueError, match="greater than 0"):
        Cube.Config.model_validate({"half_width": -2.0})


def test_fields_of_a_section_are_renamed_alike():
    class Weights(Section):
        earlier_names: ClassVar = {"gw": "metric"}
        metric: float = 1.0

    with pytest.warns(GWAEDeprecationWarning):
        assert Weights.model_validate({"gw": 2}).metric == 2


def test_a_deprecation_is_shown_to_those_who_run_a_script(tmp_path):
    script = tmp_path / "plugin.py"
    script.write_text(
        "import warnings\nfrom gwae_core.errors import GWAEDeprecationWarning\n"
        "def use():\n    warnings.warn('old name', GWAEDeprecationWarning, stacklevel=1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import plugin; plugin.use()"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "GWAEDeprecationWarning: old name" in done.stderr
