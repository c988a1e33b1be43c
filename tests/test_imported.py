"""Code that a configuration names is imported where the user allows it, and nowhere else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gwae_core import RunConfig, evaluate_run, load, run
from gwae_core.cli import main
from gwae_core.errors import ConfigError

DATA = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32)
NETWORKS = """
import pathlib
import torch
from torch import nn

pathlib.Path(r"{mark}").touch()

class Both(nn.Module):
    "Mean and log variance of codes."

    def __init__(self, inputs, outputs):
        super().__init__()
        self.mean = nn.Linear(inputs, outputs)
        self.spread = nn.Linear(inputs, outputs)

    def forward(self, x):
        return self.mean(x), self.spread(x).tanh() - 2

def function():
    pass
"""


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whether the user's module was imported."""
    name = "my_networks"
    (tmp_path / f"{name}.py").write_text(NETWORKS.format(mark=tmp_path / "mark"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    yield (tmp_path / "mark").exists
    sys.modules.pop(name, None)


def config(**changes: Any) -> RunConfig:
    values = {
        "latent_dim": 2,
        "encoder": {
            "type": "module",
            "module": "my_networks:Both",
            "kwargs": {"inputs": 4, "outputs": 2},
        },
        "decoder": {
            "type": "module",
            "module": "torch.nn:Linear",
            "kwargs": {"in_features": 2, "out_features": 4},
        },
        "training": {"steps": 10, "batch_size": 16},
    }
    return RunConfig.from_mapping(values | changes)


def test_a_run_trains_and_loads_where_imports_are_allowed(tmp_path: Path, imported) -> None:
    result = run(config(), out=tmp_path / "run", data=DATA, report=False, allow_import=True)
    assert imported()
    model = load(result.folder, allow_import=True)
    assert type(model.objective.encoder.network).__name__ == "Both"
    codes = model.encode(DATA)
    with torch.no_grad():
        expected = model.objective.encode(torch.from_numpy(DATA)).mean
    assert np.allclose(codes, expected, atol=1e-6)
    again = evaluate_run(result.folder, data=DATA, allow_import=True)
    assert again == pytest.approx(dict(result.metrics))


def test_without_permission_nothing_is_imported_by_a_run_or_when_one_is_loaded(
    tmp_path: Path, imported
) -> None:
    with pytest.raises(ConfigError, match=r"encoder: `module: my_networks:Both` would import"):
        run(config(), out=tmp_path / "refused", data=DATA)
    assert not imported() and not (tmp_path / "refused").exists()

    folder = run(config(), out=tmp_path / "run", data=DATA, report=False, allow_import=True).folder
    (tmp_path / "mark").unlink()
    sys.modules.pop("my_networks")
    for use in (lambda: load(folder), lambda: evaluate_run(folder, data=DATA)):
        with pytest.raises(ConfigError, match="which was not allowed") as caught:
            use()
        assert "--allow-import" in str(caught.value.hint)
        assert "allow_import=True" in str(caught.value.hint)
    assert not imported() and "my_networks" not in sys.modules


def test_reading_a_configuration_imports_nothing(imported) -> None:
    assert RunConfig.from_yaml(config().to_yaml()) == config()
    assert not imported()


def test_permission_is_no_part_of_a_configuration() -> None:
    with pytest.raises(ConfigError, match="unknown field"):
        config(allow_import=True)
    with pytest.raises(ConfigError, match="unknown field"):
        config(decoder={"type": "module", "module": "torch.nn:Linear", "allow_import": True})


@pytest.mark.parametrize(
    "path",
    [
        "torch.nn",
        "torch.nn.Linear",
        "torch.nn:Linear\n",
        ":Linear",
        "torch.nn:",
        "a b:C",
        "../x:C",
        "os:a.b",
    ],
)
def test_what_is_no_import_path_is_refused_when_it_is_read(path: str) -> None:
    with pytest.raises(ConfigError, match=r"decoder\.module: write package\.module:Class"):
        config(decoder={"type": "module", "module": path})


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"module": "no_such_package:Net"}, "cannot be imported: ModuleNotFoundError"),
        ({"module": "torch.nn:NoSuchLayer"}, "has no such name"),
        ({"module": "my_networks:function"}, "is no class of torch modules"),
        ({"module": "os:system"}, "is no class of torch modules"),
        ({"module": "torch.nn:Linear", "kwargs": {"width": 3}}, r"Linear\(width=3\) cannot be"),
        (
            {"module": "torch.nn:Linear", "kwargs": {"in_features": 2, "out_features": 7}},
            r"makes \(2, 7\) of an input of shape \(2, 2\); expected \(2, 4\)",
        ),
        (
            {"module": "torch.nn:Linear", "kwargs": {"in_features": 5, "out_features": 4}},
            r"cannot take an input of shape \(2, 2\)",
        ),
    ],
)
def test_mistakes_are_named_before_training(
    part: dict[str, Any], message: str, tmp_path: Path, imported
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        run(
            config(decoder={"type": "module", **part}),
            out=tmp_path / "run",
            data=DATA,
            allow_import=True,
        )
    assert caught.value.message.startswith("decoder: ")
    assert not (tmp_path / "run").exists()


def test_the_commands_import_with_the_option_and_not_without(
    tmp_path: Path, imported, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "x.npy", DATA)
    data = {"type": "arrays", "path": str(tmp_path / "x.npy")}
    (tmp_path / "run.yaml").write_text(config(data=data).to_yaml())
    run_folder, output = str(tmp_path / "run"), str(tmp_path / "out.npz")
    train = ["train", str(tmp_path / "run.yaml"), "--out", run_folder, "--quiet", "--no-report"]
    commands = [
        train,
        ["evaluate", run_folder],
        ["sample", run_folder, "-n", "2", "-o", output],
        ["encode", run_folder, str(tmp_path / "x.npy"), "-o", output],
        [*train[:3], str(tmp_path / "seeds"), *train[4:], "--seeds", "0-1"],
    ]
    for arguments in commands:
        for option in ([], ["--allow-import"]):
            monkeypatch.setattr("sys.argv", ["gwae", *arguments, *option])
            with pytest.raises(SystemExit) as ended:
                main()
            assert ended.value.code == (0 if option else 2)
            assert ("which was not allowed" in capsys.readouterr().err) == (not option)
            assert imported() == bool(option)
        (tmp_path / "mark").unlink()
        sys.modules.pop("my_networks")
