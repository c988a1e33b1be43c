"""Discovery: load the plugins that are installed, each on its own, and fill the registry.

pluggy's own loader lets one broken package stop all others and skips a second entry point of a
taken name without a word, so the loop over entry points is ours; pluggy checks and calls the hooks.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

import gwae_core
from gwae_core.hooks import PROJECT, GWAESpec
from gwae_core.registry import CORE, Refusal, Registry, Source


@functools.cache
def registry() -> Registry:
    """The registry of this process: the built-in components and every installed plugin's.

    Discovery happens at the first call, not at import.
    """
    from gwae_core import builtin

    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(GWAESpec)
    found = Registry()
    _register(manager, builtin, Source(CORE, gwae_core.__version__), found)
    plugins = sorted(_installed(found), key=lambda item: (str(item[0]), item[2].name))
    for source, distribution, entry_point in plugins:
        if not _enabled(source.distribution):
            found.disabled.append(source)
        elif unmet := _unmet_requirement(distribution):
            found.failed.append(
                Refusal(source, f"needs {unmet}, but {CORE} {gwae_core.__version__} is installed")
            )
        else:
            with _apart():
                _load(manager, entry_point, source, found)
    return found


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Keep what a plugin prints off stdout, which programs read, and leave its warnings out."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        yield


def _installed(found: Registry) -> Iterator[tuple[Source, Distribution, EntryPoint]]:
    """Every entry point of the group, without importing any; damaged metadata count as failed."""
    seen: set[str] = set()
    for distribution in distributions():
        name = version = ""
        try:
            name, version = distribution.metadata["Name"], distribution.version
            # The first distribution of a name on the path is the one that imports find.
            if canonicalize_name(name) in seen:
                continue
            seen.add(canonicalize_name(name))
            entry_points = [e for e in distribution.entry_points if e.group == PROJECT]
        # An interrupted installation leaves metadata that break in many ways.
        except Exception as error:
            if f"[{PROJECT}]" in (distribution.read_text("entry_points.txt") or ""):
                name = name or f"a distribution in {distribution.locate_file('')}"
                source = Source(name, version or "of unknown version")
                found.failed.append(Refusal(source, f"damaged metadata: {_reason(error)}"))
            continue
        for entry_point in entry_points:
            source = Source(canonicalize_name(name), version, entry_point.name)
            yield source, distribution, entry_point


def _names(variable: str) -> set[str] | None:
    value = os.environ.get(variable)
    if value is None:
        return None
    return {canonicalize_name(name.strip()) for name in value.split(",") if name.strip()}


def _enabled(distribution: str) -> bool:
    allowed = _names("GWAE_PLUGINS")
    if allowed is not None and distribution not in allowed:
        return False
    return distribution not in (_names("GWAE_DISABLE_PLUGINS") or ())


def _unmet_requirement(distribution: Distribution) -> str | None:
    """The distribution's requirement on gwae-core, where the installed core does not meet it."""
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) != CORE:
            continue
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        met = requirement.specifier.contains(gwae_core.__version__, prereleases=True)
        if applies and not met:
            return str(requirement)
    return None


def _load(
    manager: pluggy.PluginManager, entry_point: EntryPoint, source: Source, found: Registry
) -> None:
    try:
        plugin = entry_point.load()
    # A plugin may fail in any way at all, even by leaving the interpreter; the others go on.
    except (Exception, SystemExit) as error:
        found.failed.append(Refusal(source, _reason(error)))
        return
    _register(manager, plugin, source, found)


def _register(manager: pluggy.PluginManager, plugin: Any, source: Source, found: Registry) -> None:
    name = f"{source.distribution}:{source.entry_point}"
    if manager.has_plugin(name):
        reason = f"the distribution has another entry point of the name {source.entry_point!r}"
        found.failed.append(Refusal(source, reason))
        return
    try:
        manager.register(plugin, name=name)
        manager.check_pending()
        caller = manager.subset_hook_caller(
            "gwae_components",
            [other for _, other in manager.list_name_plugin() if other is not plugin],
        )
        if not caller.get_hookimpls():
            found.failed.append(Refusal(source, "it implements no hook gwae_components"))
            return
        results = caller()
        if not results:
            raise TypeError("gwae_components returned nothing; expected a list")
        components = [component for result in results for component in _listed(result)]
    except (Exception, SystemExit) as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        found.failed.append(Refusal(source, _reason(error)))
        return
    for component in components:
        found.add(component, source)


def _listed(result: Any) -> Iterable[Any]:
    if not isinstance(result, list | tuple):
        raise TypeError(f"gwae_components returned {type(result).__name__}; expected a list")
    return result


def _reason(error: BaseException) -> str:
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
