"""Discovery: load the plugins that are installed, each on its own, and fill the registry.

pluggy's own loader lets one broken package stop all others and skips a second entry point of a
taken name without a word, so the loop over entry points is ours; pluggy checks and calls the hooks.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import warnings
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pluggy

import gwae_core
from gwae_core.components import Component
from gwae_core.hooks import PROJECT, GWAESpec
from gwae_core.installed import CORE, installed, reason_of
from gwae_core.registry import Refusal, Registry, Source


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
    for plugin in installed():
        source = Source(plugin.distribution, plugin.version, plugin.name)
        if plugin.reason:
            found.failed.append(Refusal(source, plugin.reason))
        elif not plugin.enabled:
            found.disabled.append(source)
        elif plugin.entry_point is not None:
            with _apart():
                _load(manager, plugin.entry_point, source, found)
    return found


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Keep what a plugin prints off stdout, which programs read, and leave its warnings out."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter("ignore")
        yield


def _load(
    manager: pluggy.PluginManager, entry_point: EntryPoint, source: Source, found: Registry
) -> None:
    try:
        plugin = entry_point.load()
    # A plugin may fail in any way at all, even by leaving the interpreter; the others go on.
    except (Exception, SystemExit) as error:
        found.failed.append(Refusal(source, reason_of(error)))
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
            found.failed.append(Refusal(source, _without_hook(plugin)))
            return
        results = caller()
        if not results:
            raise TypeError("gwae_components returned nothing; expected a list")
        components = [component for result in results for component in _listed(result)]
    except (Exception, SystemExit) as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        found.failed.append(Refusal(source, reason_of(error)))
        return
    for component in components:
        found.add(component, source)


def _without_hook(plugin: Any) -> str:
    """Why nothing was found to call, by the mistakes that are made most often."""
    text = "it implements no hook gwae_components"
    if isinstance(plugin, type) and issubclass(plugin, Component):
        return f"{text}: its entry point leads to a component, not to the module with the hook"
    if getattr(plugin, "__name__", "") == "gwae_components":
        return f"{text}: its entry point leads to the function, not to its module"
    if callable(getattr(plugin, "gwae_components", None)):
        return f"{text}: the function of that name lacks the mark @hookimpl"
    return text


def _listed(result: Any) -> Iterable[Any]:
    if not isinstance(result, list | tuple):
        raise TypeError(f"gwae_components returned {type(result).__name__}; expected a list")
    return result
