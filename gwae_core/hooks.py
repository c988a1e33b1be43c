"""The hook specification: the one function that a plugin implements."""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from gwae_core.components import Component
from gwae_core.installed import GROUP

PROJECT = GROUP
"""Name of the pluggy project and of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class GWAESpec:
    """Hooks of gwae-core."""

    @hookspec
    def gwae_components(self) -> Sequence[type[Component]]:
        """Return the component classes that the plugin adds."""
        raise AssertionError("a specification is never called")
