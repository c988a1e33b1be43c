"""Metadata, pins and imports of the distribution agree with each other."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gwae_core

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "gwae_core"
DISTRIBUTION_OF = {
    "jinja2": "jinja2",
    "lightning_fabric": "lightning-fabric",
    "mlflow": "mlflow-skinny",
    "ot": "pot",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pins() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in found}


def test_version_is_stated_once(project: dict[str, Any]) -> None:
    assert "version" in project["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", gwae_core.__version__)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {gwae_core.__version__}" in changelog


def test_constraints_pin_one_version_each(pins: dict[str, Requirement]) -> None:
    assert pins
    for pin in pins.values():
        (specifier,) = pin.specifier
        assert specifier.operator == "==", pin
        assert "+" not in specifier.version, f"{pin} is one build of torch only"


def test_every_requirement_has_a_pin_in_its_range(
    project: dict[str, Any], pins: dict[str, Requirement]
) -> None:
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *(text for extra in extras for text in extra)]
    for plugin in sorted((ROOT / "plugins").glob("*/pyproject.toml")):
        metadata = tomllib.loads(plugin.read_text(encoding="utf-8"))
        requirements += metadata["project"].get("dependencies", [])
    assert requirements
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name in pins or not name.startswith("gwae-"):
            (pin,) = pins[name].specifier
            assert requirement.specifier.contains(pin.version), (
                f"{requirement} against {pins[name]}"
            )
            assert requirement.specifier, f"{requirement} has no range"


def third_party_imports(*, at_import: bool) -> Iterator[tuple[Path, str]]:
    """Files and the third-party modules that they import, anywhere or at their top level."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body if at_import else ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in {name.partition(".")[0] for name in names}:
                if name not in sys.stdlib_module_names and name != "gwae_core":
                    yield path, name


def undeclared(requirements: list[str], *, at_import: bool) -> list[str]:
    declared = {canonicalize_name(Requirement(text).name) for text in requirements}
    # pydantic_core is a part of pydantic, which pins it
    declared.add("pydantic-core")
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, name in third_party_imports(at_import=at_import)
        if canonicalize_name(DISTRIBUTION_OF.get(name, name)) not in declared
    ]


def test_every_import_is_a_declared_requirement(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    optional = [
        text
        for name in (
            "mnist5k",
            "fast",
            "flow",
            "inception",
            "hdf5",
            "mlflow",
            "sweep",
            "tensorboard",
            "test",
        )
        for text in extras[name]
    ]
    assert undeclared([*project["dependencies"], *optional], at_import=False) == []


def test_no_module_needs_an_extra_to_be_imported(project: dict[str, Any]) -> None:
    assert undeclared(project["dependencies"], at_import=True) == []


def test_command_and_type_marker_are_there(project: dict[str, Any]) -> None:
    assert project["scripts"] == {"gwae": "gwae_core.cli:main"}
    assert (PACKAGE / "py.typed").is_file()


def test_no_file_names_a_package_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    domains = ["pypi", "pythonhosted", "npmjs", "unpkg", "jsdelivr", "pytorch", "anaconda"]
    host = re.compile(rb"\b(?:%s)\.(?:org|com|net|io)\b" % "|".join(domains).encode())
    named = [
        name
        for name in listed.stdout.split("\0")
        if name and (ROOT / name).is_file() and host.search((ROOT / name).read_bytes())
    ]
    assert named == []


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_makefile_takes_the_documented_variables() -> None:
    arguments = ["PYTHON=my-python", "VENV=my-venv", "TORCH=my-torch", "PIP_ARGS=--my-option"]
    shown = subprocess.run(
        ["make", "-n", "demo", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "my-python -m venv my-venv" in shown
    assert "/^torch==/d" in shown
    install = shown[shown.index("pip install") :].partition("touch")[0]
    assert "-c my-venv/constraints.txt" in install
    assert "--my-option my-torch -e '.[dev]'" in install
    assert shown.count("pip install") == 1
    assert "my-venv/bin/gwae train docs/examples/digits.yaml --out runs/demo" in shown
