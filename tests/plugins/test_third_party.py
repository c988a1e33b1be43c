"""A package of someone else's: installed by pip, used, reloaded, replaced and removed."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

CONFIG = """\
data: digits
latent_dim: 4
encoder: {hidden: [16]}
decoder: {hidden: [16]}
prior: {type: cube, half_width: 2.0}
training: {steps: 10, batch_size: 64}
metrics: [reconstruction]
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="needs pip")
def test_a_package_outside_the_repository(tmp_path, new_environment, example_package):
    environment = new_environment(tmp_path)
    (tmp_path / "cube.yaml").write_text(CONFIG)

    missing = environment.gwae("train", "cube.yaml", "--out", "run")
    assert missing.returncode == 2
    assert "unknown prior 'cube'" in missing.stderr

    environment.install(example_package("gwae-cube", tmp_path))
    listed = json.loads(environment.succeed("plugins", "--json"))["components"]
    (cube,) = [entry for entry in listed if entry["name"] == "cube"]
    assert (cube["kind"], cube["distribution"], cube["version"]) == ("prior", "gwae-cube", "0.1.0")
    schema = json.loads(environment.succeed("schema"))
    assert "half_width" in schema["$defs"]["prior.cube"]["properties"]

    environment.succeed("train", "cube.yaml", "--out", "run", "--no-report")
    assert "type: gwae-cube:cube" in (tmp_path / "run" / "config.yaml").read_text()

    environment.succeed("sample", "run", "-n", "3", "-o", "first.npz")
    assert "mse" in environment.succeed("evaluate", "run")

    environment.install(example_package("gwae-cube", tmp_path, version="0.1.5"))
    newer = environment.gwae("sample", "run", "-n", "3", "-o", "second.npz")
    assert newer.returncode == 0
    first, second = (np.load(tmp_path / f"{name}.npz")["x"] for name in ("first", "second"))
    assert (first == second).all()
    assert newer.stderr == (
        "warning: prior 'cube' was trained with gwae-cube 0.1.0; 0.1.5 is installed\n"
    )

    environment.pip("uninstall", "-y", "gwae-cube")
    for command in (("sample", "run"), ("evaluate", "run"), ("train", "run/config.yaml")):
        gone = environment.gwae(*command)
        assert gone.returncode == 2
        assert gone.stderr.startswith("error: ")
        assert "gwae-cube" in gone.stderr
        assert "Traceback" not in gone.stderr
    assert "prior 'cube' came from gwae-cube 0.1.0" in environment.gwae("sample", "run").stderr
