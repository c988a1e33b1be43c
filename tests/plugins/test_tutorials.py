"""What the tutorials promise of their packages, read from the packages themselves."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PACKAGES = {"plugin": "gwae-cube", "estimator": "gwae-gaussian", "data-and-network": "gwae-waves"}


def module(package: str) -> Path:
    return DOCS / "examples" / package / f"{package.replace('-', '_')}.py"


def test_the_first_plugin_has_less_than_25_lines():
    assert len(module("gwae-cube").read_text().splitlines()) < 25


def test_the_first_plugin_is_one_import_line_one_class_and_one_hook():
    body = ast.parse(module("gwae-cube").read_text()).body
    imports = [n for n in body if isinstance(n, ast.ImportFrom) and "gwae_core" in str(n.module)]
    assert len(imports) == 1
    assert sum(isinstance(node, ast.ClassDef) for node in body) == 1
    (hook,) = [node for node in body if isinstance(node, ast.FunctionDef)]
    assert [ast.unparse(mark) for mark in hook.decorator_list] == ["hookimpl"]


@pytest.mark.parametrize(("page", "package"), PACKAGES.items())
def test_a_tutorial_shows_every_file_of_its_package(page, package):
    text = (DOCS / "tutorial" / f"{page}.md").read_text()
    shown = [path.name for path in (DOCS / "examples" / package).iterdir() if path.is_file()]
    shown = [name for name in shown if page == "plugin" or name != "pyproject.toml"]
    assert len(shown) >= 2
    for name in shown:
        assert f'--8<-- "{package}/{name}"' in text


@pytest.mark.parametrize("package", PACKAGES.values())
def test_a_package_says_which_core_it_needs_and_where_its_hook_is(package):
    project = tomllib.loads((DOCS / "examples" / package / "pyproject.toml").read_text())["project"]
    assert project["name"] == package
    assert project["dependencies"][0].startswith("gwae-core>=")
    assert set(project["entry-points"]["gwae"].values()) == {module(package).stem}
