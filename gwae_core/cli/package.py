"""`gwae plugins new`: a package with one component that passes its own tests at once."""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

import gwae_core
from gwae_core.cli.places import PLACES, placed
from gwae_core.errors import ComponentError, ConfigError
from gwae_core.interfaces import KINDS
from gwae_core.plugins import registry
from gwae_core.registry import CORE

VARIANTS = {
    "prior": "radius=2.0",
    "encoder": "gain=0.5",
    "decoder": "bias=False",
    "reconstruction": "delta=2.0",
    "divergence": "exponent=1.5",
    "objective": "penalty=1.0",
    "dataset": "noise=0.0",
    "metric": "standardize=True",
    "features": "number=3",
    "sampler": "bandwidth=1.0",
}
"""Parameters of a second configuration that the tests check."""


def write_package(name: str, kind: str, parent: Path) -> list[Path]:
    """Write a plugin into a new folder of its name.

    Args:
        name: Name of the distribution; ``gwae-ball`` has the module ``gwae_ball`` and the
            component ``ball``.
        kind: Kind of the component.
        parent: Folder that the new one is made in.

    Returns:
        The files.

    Raises:
        ConfigError: The name is no name of a distribution or of a module, the kind is unknown, the
            folder exists, or it cannot be written.
        ComponentError: The name is one of core's.
    """
    if kind not in KINDS:
        raise ConfigError(f"unknown kind {kind!r}; kinds: {', '.join(KINDS)}")
    facts = _names(name, kind)
    target = parent / name
    if target.exists() or target.is_symlink():
        raise ConfigError(
            f"{target} exists already", hint="choose another name or --out, or remove it first"
        )
    files = _files(facts)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        # Beside the target, so that the whole package appears at once or not at all.
        building = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=parent))
        try:
            for path, text in files.items():
                (building / path).parent.mkdir(exist_ok=True)
                (building / path).write_text(text, encoding="utf-8")
            building.chmod(0o755)
            os.rename(building, target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        raise ConfigError(f"cannot write {target}: {error.strerror or error}") from error
    return [target / path for path in files]


def _names(name: str, kind: str) -> dict[str, str]:
    """What the templates are filled with."""
    if not re.fullmatch(r"[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]", name):
        raise ConfigError(
            f"{name!r} is no name of a distribution: letters, digits, '.', '_' and '-' between "
            "letters and digits",
            hint="for instance gwae-ball",
        )
    distribution = canonicalize_name(name)
    module = distribution.replace("-", "_")
    component = distribution.removeprefix("gwae-")
    if distribution == CORE:
        raise ComponentError(f"{CORE} is this package's own name", hint="choose another name")
    if not module.isidentifier() or keyword.iskeyword(module):
        raise ConfigError(
            f"the module of {name!r} would be {module!r}, which Python cannot import",
            hint=f"choose a name that begins with a letter, such as gwae-{distribution}",
        )
    if module in sys.stdlib_module_names or importlib.util.find_spec(module) is not None:
        raise ConfigError(
            f"there is a module {module!r} already, which the plugin would hide",
            hint="choose another name, or uninstall the package that has it",
        )
    for entry in registry().entries.get(kind, {}).get(component, []):
        if entry.source.distribution == CORE:
            raise ComponentError(
                f"the name of the component would be {component!r}, a {kind} of {CORE}, whose "
                "names are reserved",
                hint=f"choose another name, such as gwae-my-{component}",
            )
    cls = "".join(part.capitalize() for part in component.split("-"))
    return {
        "distribution": distribution,
        "module": module,
        "kind": kind,
        "name": component,
        "cls": cls if cls[0].isalpha() else f"The{cls}",
        "entry_point": component,
        "variant": VARIANTS.get(kind, ""),
        "requirement": _requirement(),
    }


def _requirement() -> str:
    """Versions of core whose interfaces are those of this one."""
    major, minor, *_ = gwae_core.__version__.split(".")
    return f"{CORE}>={major}.{minor},<{major}.{int(minor) + 1}"


def _files(facts: Mapping[str, str]) -> dict[str, str]:
    """Text of each file by its path in the package."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("gwae_core.cli", "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )

    def fill(template: str, **more: Any) -> str:
        return templates.get_template(template).render(**facts, **more)

    source = fill(f"kinds/{facts['kind']}.py.jinja")
    found = re.search(r'^class .*\n    """(.*?)(?:"""|\n)', source, re.MULTILINE)
    assert found is not None, "a template has a class with a docstring"
    summary = found[1].rstrip(".")
    inside = f"{summary[0].lower()}{summary[1:]}."
    readme = {"in_run": facts["kind"] in PLACES, "example": _example(facts)}
    return {
        "pyproject.toml": fill("pyproject.toml.jinja", summary=summary),
        "README.md": fill("README.md.jinja", summary_inside=inside, **readme),
        f"{facts['module']}.py": source,
        f"tests/test_{facts['module']}.py": fill("test.py.jinja"),
    }


def _example(facts: Mapping[str, str]) -> str:
    """The component in a run's configuration, with its defaults."""
    return placed(facts["kind"], {"type": facts["name"]})
