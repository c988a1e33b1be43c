"""A package of someone else's: installed by pip, used, reloaded, replaced and removed."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs/examples/gwae-cube"

BACKEND = '''
"""Builds the wheel of one module, so that pip needs nothing from anywhere."""

import tomllib
import zipfile
from pathlib import Path


def build_wheel(folder, config_settings=None, metadata_directory=None):
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    info = f"{name}-{version}.dist-info"
    points = project["entry-points"]["gwae"].items()
    files = {
        f"{name}.py": Path(f"{name}.py").read_text(),
        f"{info}/METADATA": "Metadata-Version: 2.1\\n"
        f"Name: {project['name']}\\nVersion: {version}\\n"
        + "".join(f"Requires-Dist: {text}\\n" for text in project["dependencies"]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\n"
        "Tag: py3-none-any\\n",
        f"{info}/entry_points.txt": "[gwae]\\n" + "".join(f"{k} = {v}\\n" for k, v in points),
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in [*files, f"{info}/RECORD"])
    wheel = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel
'''

CONFIG = """\
data: digits
latent_dim: 4
encoder: {hidden: [16]}
decoder: {hidden: [16]}
prior: {type: cube, half_width: 2.0}
training: {steps: 10, batch_size: 64}
metrics: [reconstruction]
"""


class Environment:
    """A virtual environment that sees core and its dependencies, and has packages of its own."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv", with_pip=False)
        self.folder = folder
        self.python = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        (site,) = (folder / "venv").rglob("site-packages")
        paths = {str(ROOT), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (site / "core.pth").write_text("\n".join(sorted(paths)) + "\n")

    def pip(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "pip", "--python", str(self.python), *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def install(self, package: Path) -> None:
        self.pip("install", "--no-deps", "--no-index", "--no-build-isolation", str(package))

    def gwae(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        code = "from gwae_core.cli import main; main()"
        command = [str(self.python), "-c", code, *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder)

    def succeed(self, *arguments: str) -> str:
        done = self.gwae(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


def package(folder: Path, version: str) -> Path:
    """The tutorial's plugin, with a backend of its own."""
    target = Path(shutil.copytree(EXAMPLE, folder / f"gwae-cube-{version}"))
    text = (EXAMPLE / "pyproject.toml").read_text()
    _, project = text.split("[project]", 1)
    build = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n\n'
    project = project.replace('version = "0.1.0"', f'version = "{version}"')
    (target / "pyproject.toml").write_text(f"{build}[project]{project}")
    (target / "backend.py").write_text(BACKEND)
    return target


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="needs pip")
def test_a_package_outside_the_repository(tmp_path):
    environment = Environment(tmp_path)
    (tmp_path / "cube.yaml").write_text(CONFIG)

    missing = environment.gwae("train", "cube.yaml", "--out", "run")
    assert missing.returncode == 2
    assert "unknown prior 'cube'" in missing.stderr

    environment.install(package(tmp_path, "0.1.0"))
    listed = json.loads(environment.succeed("plugins", "--json"))["components"]
    (cube,) = [entry for entry in listed if entry["name"] == "cube"]
    assert (cube["kind"], cube["distribution"], cube["version"]) == ("prior", "gwae-cube", "0.1.0")
    schema = json.loads(environment.succeed("schema"))
    assert "half_width" in schema["$defs"]["prior.cube"]["properties"]

    environment.succeed("train", "cube.yaml", "--out", "run", "--no-report")
    assert "type: gwae-cube:cube" in (tmp_path / "run" / "config.yaml").read_text()

    environment.succeed("sample", "run", "-n", "3", "-o", "first.npz")
    assert "mse" in environment.succeed("evaluate", "run")

    environment.install(package(tmp_path, "0.1.5"))
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
