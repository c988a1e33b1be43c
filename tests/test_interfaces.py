"""Each interface is a small file that can be read alone."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import gwae_core
from gwae_core import interfaces
from gwae_core.components import Component

FOLDER = Path(interfaces.__file__).parent
FILES = sorted(path for path in FOLDER.glob("*.py") if path.stem != "__init__")
REFERENCE = Path(__file__).parents[1] / "docs/reference/interfaces.md"


def defined(path: Path) -> list[ast.ClassDef]:
    return [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_a_file_has_less_than_80_lines(path):
    assert len(path.read_text().splitlines()) < 80


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_understood_alone(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    classes = defined(path)
    assert classes
    for node in classes:
        assert ast.get_docstring(node), node.name
        assert getattr(interfaces, node.name).__doc__, f"{node.name} is not exported"
    # What a file builds on is core's vocabulary or another interface, never an implementation.
    known = {"components", "context", "errors", "spaces", "row_source", "interfaces"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("gwae_core."):
            assert str(node.module).split(".")[1] in known


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_one_abstract_base_beside_what_it_speaks_of(path):
    bases = [
        node.name
        for node in defined(path)
        if inspect.isabstract(getattr(interfaces, node.name))
        and issubclass(getattr(interfaces, node.name), Component)
    ]
    # `training` and `evaluated` hold data alone, which objectives and metrics speak of; any module
    # may be resumable.
    assert len(bases) == (path.stem not in ("training", "evaluated", "resumable"))


def test_every_abstract_method_says_what_it_returns():
    for name in interfaces.__all__:
        for verb in getattr(getattr(interfaces, name), "__abstractmethods__", ()):
            method = getattr(getattr(interfaces, name), verb)
            assert inspect.getdoc(method), f"{name}.{verb}"


def test_every_interface_is_in_the_reference():
    page = REFERENCE.read_text()
    assert [p.stem for p in FILES if f"::: gwae_core.interfaces.{p.stem}\n" not in page] == []


@pytest.mark.parametrize("kind", interfaces.KINDS)
def test_the_base_of_a_kind_is_a_public_name(kind):
    base = interfaces.KINDS[kind]
    assert base.kind == kind
    assert getattr(gwae_core, base.__name__) is base
