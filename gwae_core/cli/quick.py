"""`gwae plugins --quick`: what metadata tell of the installed plugins; none of them is imported."""

from __future__ import annotations

import json

import gwae_core
from gwae_core.cli.tables import screen_width, table
from gwae_core.installed import CORE, Installed, installed


def quick_text() -> str:
    """Distributions and entry points as a table."""
    rows = [(CORE, gwae_core.__version__, "", "built in")]
    rows += [(p.distribution, p.version, _entry_point(p), _state(p)) for p in installed()]
    header = ("distribution", "version", "entry point", "state")
    return table(header, rows, width=screen_width())


def quick_json() -> str:
    """The same for programs."""
    plugins = [
        {
            "distribution": plugin.distribution,
            "version": plugin.version,
            "entry_point": plugin.name,
            "module": "" if plugin.entry_point is None else plugin.entry_point.value,
            "enabled": plugin.enabled,
            "reason": plugin.reason,
        }
        for plugin in installed()
    ]
    return json.dumps({"core": gwae_core.__version__, "plugins": plugins}, indent=2)


def _entry_point(plugin: Installed) -> str:
    return "" if plugin.entry_point is None else f"{plugin.name} = {plugin.entry_point.value}"


def _state(plugin: Installed) -> str:
    if plugin.reason:
        return plugin.reason
    return "not imported" if plugin.enabled else "disabled"
