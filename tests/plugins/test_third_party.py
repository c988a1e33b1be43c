"""The packages of the tutorials: installed by pip, used, reloaded, replaced and removed."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="needs pip"),
]
EXAMPLES = Path(__file__).parents[2] / "docs/examples"
TUTORIALS = ("gwae-cube", "gwae-gaussian", "gwae-waves")
CUBE = """\
data: digits
latent_dim: 4
encoder: {hidden: [16]}
decoder: {hidden: [16]}
prior: {type: cube, half_width: 2.0}
objective: {type: gwae, compare: data, estimator: gaussian}
training: {steps: 10, batch_size: 64}
metrics: [reconstruction]
"""
KNOWN = """
import json
from gwae_core.plugins import registry
from gwae_core.schema import run_schema

components = [
    (e.component.kind, e.component.name(), e.source.distribution, e.source.version)
    for e in registry()
]
print(json.dumps({"components": components, "schema": run_schema()}))
"""
AFTERWARDS = """
import json
from gwae_core import RunConfig, evaluate_run, load
from gwae_core.errors import GWAEError

errors = {}
for name, use in {
    "load": lambda: load("run"),
    "evaluate": lambda: evaluate_run("run"),
    "config": lambda: RunConfig.from_file("run/config.yaml"),
}.items():
    try:
        use()
    except GWAEError as error:
        errors[name] = str(error)
print(json.dumps(errors))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory, new_environment, example_package):
    """One environment for all of them; what removes a package comes last."""
    environment = new_environment(tmp_path_factory.mktemp("third-party"))
    folder = environment.folder
    (folder / "cube.yaml").write_text(CUBE)
    shutil.copy(EXAMPLES / "gwae-waves/waves.yaml", folder)
    environment.install(*(example_package(name, folder) for name in TUTORIALS))
    return environment


def test_they_pass_their_own_tests(environment):
    tests = [f"{name}-0.1.0/test_{name.replace('-', '_')}.py" for name in TUTORIALS]
    (environment.folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    done = environment.run("-m", "pytest", "-q", "--import-mode=importlib", *tests)
    assert done.returncode == 0, done.stdout + done.stderr


def test_they_are_listed_and_in_the_schema(environment):
    known = json.loads(environment.python_prints(KNOWN))
    found = {tuple(entry) for entry in known["components"] if entry[2] in TUTORIALS}
    assert found == {
        ("prior", "cube", "gwae-cube", "0.1.0"),
        ("estimator", "gaussian", "gwae-gaussian", "0.1.0"),
        ("dataset", "waves", "gwae-waves", "0.1.0"),
        ("encoder", "series", "gwae-waves", "0.1.0"),
    }
    assert "half_width" in known["schema"]["$defs"]["prior.cube"]["properties"]


def test_data_and_network_train_and_load_by_name(environment):
    options = ("--set", "training.steps=5", "--set", "data.number=200", "--no-report")
    environment.succeed("train", "waves.yaml", "--out", "waves", *options)
    text = (environment.folder / "waves/config.yaml").read_text()
    assert "type: gwae-waves:waves" in text
    assert "type: gwae-waves:series" in text
    environment.succeed("sample", "waves", "-n", "3", "-o", "waves.npz")
    assert np.load(environment.folder / "waves.npz")["x"].shape == (3, 64)


def test_the_mistakes_that_the_tutorials_show(environment):
    rng = np.random.default_rng(0)
    for name, p in (("x", 3), ("z", 2)):
        np.save(environment.folder / f"{name}.npy", rng.standard_normal((30, p)))
    distance = ("distance", "x.npy", "z.npy", "--estimator", "gaussian")
    for page, arguments in (
        ("estimator.md", (*distance, "--cost", "euclidean")),
        ("plugin.md", ("train", "cube.yaml", "--set", "prior.half_width=-1")),
    ):
        done = environment.gwae(*arguments)
        assert done.returncode == 2
        assert done.stderr in (EXAMPLES.parent / "tutorial" / page).read_text()


def test_a_run_outlives_its_process_another_version_and_the_plugins_removal(
    environment, example_package
):
    folder = environment.folder
    environment.succeed("train", "cube.yaml", "--out", "run", "--no-report")
    text = (folder / "run/config.yaml").read_text()
    assert "type: gwae-cube:cube" in text
    assert "type: gwae-gaussian:gaussian" in text
    environment.succeed("sample", "run", "-n", "3", "-o", "first.npz")

    environment.install(example_package("gwae-cube", folder, version="0.1.5"))
    newer = environment.gwae("sample", "run", "-n", "3", "-o", "second.npz")
    assert newer.returncode == 0
    first, second = (np.load(folder / f"{name}.npz")["x"] for name in ("first", "second"))
    assert (first == second).all()
    assert newer.stderr == (
        "warning: prior 'cube' was trained with gwae-cube 0.1.0; 0.1.5 is installed\n"
    )

    environment.pip("uninstall", "-y", "gwae-cube")
    errors = json.loads(environment.python_prints(AFTERWARDS))
    assert set(errors) == {"load", "evaluate", "config"}
    assert all("gwae-cube" in text for text in errors.values())
    for name in ("load", "evaluate"):
        assert "prior 'cube' came from gwae-cube 0.1.0" in errors[name]
        assert "pip install gwae-cube==0.1.0" in errors[name]
    assert "the distribution gwae-cube is not installed" in errors["config"]
