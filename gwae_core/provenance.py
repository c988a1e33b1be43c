"""Where a run comes from: versions, and the distribution of each of its components."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import BaseModel

import gwae_core
from gwae_core.components import Component, ComponentConfig
from gwae_core.plugins import registry
from gwae_core.registered import OwnPart
from gwae_core.registry import CORE

PACKAGES = (
    *("torch", "numpy", "scipy", "scikit-learn", "POT", "lightning-fabric", "pydantic"),
    *("torchmetrics", "zuko"),
)


def environment() -> dict[str, Any]:
    """Versions of Python, core and the packages that numbers depend on."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        CORE: gwae_core.__version__,
        **{name: _version(name) for name in PACKAGES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def components_of(config: BaseModel) -> dict[str, dict[str, str]]:
    """Distribution and version of every component in a configuration, by ``kind name``.

    Of a class that no plugin registers, its import path as ``class`` instead.
    """
    sources = {entry.component: entry.source for entry in registry()}
    found: dict[str, dict[str, str]] = {}
    for part in _walk(config):
        source = sources.get(part.component)
        where = {
            "distribution": source.distribution if source else "",
            "version": source.version if source else "",
        }
        if source is None:
            where["class"] = class_path(part.component)
        label = f"{part.component.kind} {part.type}"
        # Two plugins may each have a component of one name.
        if found.get(label, where) != where:
            label = f"{part.component.kind} {registry().full_name(part.component)}"
        found[label] = where
    return found


def class_path(value: type[Any]) -> str:
    """Module and name of a class."""
    return f"{value.__module__}.{value.__qualname__}"


def unregistered(
    recorded: Mapping[str, Mapping[str, str]], components: Sequence[type[Component]]
) -> list[str]:
    """Import paths of the recorded classes that no plugin registers, less those given."""
    given = {f"{component.kind} {component.name()}" for component in components}
    return [
        was["class"] for label, was in recorded.items() if "class" in was and label not in given
    ]


def _walk(value: Any) -> Iterator[ComponentConfig]:
    if isinstance(value, OwnPart):
        return
    if isinstance(value, ComponentConfig):
        yield value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _walk(getattr(value, name))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _walk(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _walk(item)


def changes(recorded: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Sentences on components whose distribution is missing or of another version today."""
    today = {
        (entry.component.kind, entry.component.name(), entry.source.distribution): entry.source
        for entry in registry()
    }
    sentences = []
    for label, was in recorded.items():
        kind, _, full_name = label.partition(" ")
        name = full_name.rpartition(":")[2]
        distribution = was.get("distribution", "")
        if not distribution or distribution == CORE:
            continue
        source = today.get((kind, name, distribution))
        if source is None:
            version = was.get("version", "")
            why = _absence(distribution, version)
            sentences.append(f"{kind} {name!r} came from {distribution} {version}, {why}")
        elif source.version != was.get("version"):
            sentences.append(
                f"{kind} {name!r} was trained with {distribution} {was.get('version')}; "
                f"{source.version} is installed"
            )
    return sentences


def _absence(distribution: str, version: str) -> str:
    """Why a distribution does not provide a component, and what to do."""
    for off in registry().disabled:
        if off.distribution == distribution:
            return "which is disabled by GWAE_PLUGINS or GWAE_DISABLE_PLUGINS"
    for failure in registry().failed:
        if failure.source.distribution == distribution:
            return f"which failed to load in version {failure.source.version}: {failure.reason}"
    sources = [*(e.source for e in registry()), *(r.source for r in registry().refused)]
    for source in sources:
        if source.distribution == distribution:
            return f"which does not provide it in version {source.version}"
    return f"which is not installed (pip install {distribution}=={version})"
