"""Distributions made up on the spot: metadata and modules in a folder on the import path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from gwae_core import plugins
from gwae_core.registry import Registry

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
