"""Samplers are fitted on the training codes of a run, and leave nothing behind."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from gwae_core import DataArrays, RunConfig, fit_sampler, load, run
from gwae_core.builtin.samplers import GaussianSampler
from gwae_core.cli.commands import app
from gwae_core.errors import ComponentError, ConfigError, DataError, RunFolderError
from gwae_core.model import Model

EXAMPLES = Path(__file__).resolve().parents[1] / "docs/examples"
rng = np.random.default_rng(0)
MEANS = np.array([[4.0, 0, 0, 0, 0], [-4.0, 0, 0, 0, 0]])
DATA = (MEANS[np.arange(150) % 2] + rng.normal(size=(150, 5))).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose data are a file."""
    path = tmp_path_factory.mktemp("sampling")
    np.save(path / "x.npy", DATA)
    config = RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "data": {"type": "arrays", "path": path / "x.npy"},
            "encoder": {"type": "mlp", "hidden": [8]},
            "decoder": {"type": "mlp", "hidden": [8]},
            "prior": "normal",
            "training": {"steps": 60, "batch_size": 50},
            "metrics": [],
        }
    )
    return run(config, out=path / "run", report=False).folder


def gwae(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_samples_come_from_the_distribution_of_training_codes(folder: Path) -> None:
    model = load(folder)
    sampler = fit_sampler(model, "gaussian")
    with np.load(folder / "split.npz") as split:
        z = model.encode(DATA[split["train"]])
    expected = GaussianSampler(GaussianSampler.Config())
    expected.fit(z, seed=0)
    np.testing.assert_allclose(sampler.sample(9, seed=4), expected.sample(9, seed=4), rtol=1e-4)
    x = model.sample(9, sampler=sampler, seed=4)
    np.testing.assert_allclose(x, model.decode(sampler.sample(9, seed=4)))


@pytest.mark.parametrize("sampler", ["gaussian-mixture", {"type": "flow", "steps": 30}])
def test_a_sampler_is_fitted_again_to_the_same(folder: Path, sampler: object) -> None:
    before = sorted(path for path in folder.rglob("*"))
    one, two = (load(folder).sample(6, sampler=fit_sampler(load(folder), sampler)) for _ in "12")
    np.testing.assert_array_equal(one, two)
    assert sorted(path for path in folder.rglob("*")) == before
    other = fit_sampler(load(folder), sampler, seed=5)
    assert not np.array_equal(one, load(folder).sample(6, sampler=other))


def test_data_of_ones_own_are_passed_and_other_data_refused(folder: Path) -> None:
    model = load(folder)
    given = fit_sampler(model, GaussianSampler.Config(), data=DATA)
    np.testing.assert_array_equal(
        given.sample(3, seed=0), fit_sampler(model, "gaussian").sample(3, seed=0)
    )
    with pytest.raises(DataError, match="differ from those"):
        fit_sampler(model, "gaussian", data=DataArrays(DATA + 1))


def test_what_a_model_cannot_sample_from_is_said(folder: Path) -> None:
    model = load(folder)
    with pytest.raises(ConfigError, match="unknown sampler 'gausian'; did you mean 'gaussian'"):
        fit_sampler(model, "gausian")
    with pytest.raises(ConfigError, match="sampler"):
        fit_sampler(model, {"type": "flow", "steps": 0})
    with pytest.raises(ConfigError, match="takes the place"):
        model.sample(3, sampler=fit_sampler(model, "gaussian"), component=0)
    with pytest.raises(ComponentError, match="was not fitted"):
        model.sample(3, sampler=GaussianSampler(GaussianSampler.Config()))
    wide = GaussianSampler(GaussianSampler.Config())
    wide.fit(rng.normal(size=(20, 3)), seed=0)
    with pytest.raises(DataError, match=r"codes must be of shape \(n, 2\).*got \(3, 3\)"):
        model.sample(3, sampler=wide)
    loose = Model(model.objective, model.config, None, model.data_shape)
    with pytest.raises(RunFolderError, match="no run folder"):
        fit_sampler(loose, "gaussian")


def test_the_command_samples_like_python(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.npz"
    done = gwae(
        *("sample", folder, "-n", 7, "--sampler", "gaussian-mixture", "-o", out),
        *("--set", "num_components=2", "--seed", 3),
    )
    assert done.exit_code == 0, done.output
    sampler = fit_sampler(load(folder), {"type": "gaussian-mixture", "num_components": 2})
    expected = load(folder).sample(7, sampler=sampler, seed=3)
    np.testing.assert_array_equal(np.load(out)["x"], expected)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--set", "steps=3"), "name one with --sampler"),
        (("--sampler", "gaussian", "--component", 0), "--component is of the prior"),
        (("--sampler", "flow", "--set", "step=3"), "did you mean 'steps'"),
        (("--sampler", "flw"), "did you mean 'flow'"),
    ],
)
def test_what_the_command_cannot_do_is_said(
    folder: Path, tmp_path: Path, options: tuple[object, ...], said: str
) -> None:
    done = gwae("sample", folder, "-o", tmp_path / "s.npz", *options)
    assert done.exit_code == 2
    assert said in done.stderr and "Traceback" not in done.stderr


def test_the_example_does_what_it_shows(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "runs").mkdir()
    shutil.copytree(folder, tmp_path / "runs/digits")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLES / "sampling.py"))
    assert capsys.readouterr().out == "(64, 5)\n"


def test_the_example_of_metrics_is_a_configuration() -> None:
    metrics = RunConfig.from_file(EXAMPLES / "judged.yaml").metrics
    assert [metric.type for metric in metrics].count("generation") == 2


def test_a_run_without_its_data_says_so(folder: Path, tmp_path: Path) -> None:
    path = Path(str(load(folder).config.data.path))  # type: ignore[attr-defined]
    moved = path.rename(tmp_path / "moved.npy")
    try:
        done = gwae("sample", folder, "--sampler", "gaussian", "-o", tmp_path / "s.npz")
    finally:
        moved.rename(path)
    assert done.exit_code == 2
    assert "x.npy" in done.stderr
