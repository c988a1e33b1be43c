"""Distributions made up on the spot: on the import path, or built and installed by pip."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from gwae_core import plugins
from gwae_core.registry import Registry

ROOT = Path(__file__).parents[2]

PRIOR = '''
from typing import Literal
from gwae_core.hooks import hookimpl
from gwae_core.interfaces import Prior

class {cls}(Prior):
    """A prior called {name}."""

    class Config(Prior.Config):
        type: Literal["{name}"] = "{name}"
        width: float = 1.0
        """How wide it is."""

    def sample(self, n, *, generator=None):
        return self.noise(n, generator=generator)

@hookimpl
def gwae_components():
    return [{cls}]
'''


def _prior_module(name: str, cls: str = "Made") -> str:
    """Source of a plugin with one prior."""
    return PRIOR.format(name=name, cls=cls)


class Site:
    """A folder of made-up distributions; only those are discovered, beside core."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.names: list[str] = []

    def add(
        self,
        name: str,
        source: str | None,
        *,
        version: str = "0.1.0",
        entry_points: str | None = None,
        requires: tuple[str, ...] = (),
        metadata: str | None = None,
    ) -> None:
        """Write a distribution; its module is called as it is, with underscores."""
        module = name.replace("-", "_").lower()
        if source is not None:
            (self.folder / f"{module}.py").write_text(dedent(source))
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        if metadata is None:
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            metadata += "".join(f"Requires-Dist: {text}\n" for text in requires)
        if metadata:
            (info / "METADATA").write_text(metadata)
        points = f"main = {module}\n" if entry_points is None else entry_points
        (info / "entry_points.txt").write_text(f"[gwae]\n{points}")
        self.names.append(name)

    def discover(self) -> Registry:
        """Discover anew."""
        # Whatever else is installed where the tests run stays out.
        self.monkeypatch.setenv("GWAE_PLUGINS", ",".join(self.names))
        plugins.registry.cache_clear()
        return plugins.registry()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)
    yield Site(tmp_path, monkeypatch)
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    plugins.registry.cache_clear()


@pytest.fixture
def prior_module() -> Callable[..., str]:
    return _prior_module


BACKEND = '''
"""Builds a wheel of the modules beside it, so that pip needs nothing from anywhere."""

import tomllib
import zipfile
from pathlib import Path


def build_wheel(folder, config_settings=None, metadata_directory=None):
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    info = f"{name}-{version}.dist-info"
    points = project["entry-points"]["gwae"].items()
    modules = (p for p in Path().rglob("*.py") if not p.name.startswith(("backend", "test_")))
    files = {
        **{path.as_posix(): path.read_text() for path in modules},
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
BUILD = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

"""


def _example_package(example: str, folder: Path, *, version: str = "0.1.0") -> Path:
    """A package of the documentation, to be built as it is where its backend is installed."""
    source = ROOT / "docs/examples" / example
    target = Path(shutil.copytree(source, folder / f"{example}-{version}"))
    text = (source / "pyproject.toml").read_text()
    if importlib.util.find_spec("hatchling") is None:
        text = f"{BUILD}[project]{text.partition('[project]')[2]}"
        (target / "backend.py").write_text(BACKEND)
    text = text.replace('version = "0.1.0"', f'version = "{version}"')
    (target / "pyproject.toml").write_text(text)
    return target


def _written_package(
    folder: Path, name: str, source: str | None, *, requires: tuple[str, ...] = ()
) -> Path:
    """A package of one module, or of none at all; its entry point leads to the module."""
    target = folder / name
    target.mkdir()
    module = name.replace("-", "_")
    if source is not None:
        (target / f"{module}.py").write_text(dedent(source))
    (target / "pyproject.toml").write_text(
        f'{BUILD}[project]\nname = "{name}"\nversion = "0.1.0"\n'
        f"dependencies = {list(requires)}\n"
        f'[project.entry-points.gwae]\nmain = "{module}"\n'
    )
    (target / "backend.py").write_text(BACKEND)
    return target


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

    def install(self, *packages: Path) -> None:
        options = ("--no-deps", "--no-index", "--no-build-isolation", "--no-compile")
        self.pip("install", *options, *map(str, packages))

    def python_prints(self, code: str, **variables: str) -> str:
        """What a program prints in the environment."""
        done = self.run("-c", code, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python), *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        )

    def gwae(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("-c", "from gwae_core.cli import main; main()", *arguments, **variables)

    def succeed(self, *arguments: str) -> str:
        done = self.gwae(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def new_environment() -> Callable[[Path], Environment]:
    return Environment


@pytest.fixture(scope="session")
def example_package() -> Callable[..., Path]:
    return _example_package


@pytest.fixture(scope="session")
def written_package() -> Callable[..., Path]:
    return _written_package
