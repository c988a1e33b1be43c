"""Autoencoders that a GWAE is compared with, as objectives of gwae-core."""

from __future__ import annotations

from gwae_baselines.wae import WAE
from gwae_core import hookimpl
from gwae_core.components import Component

__version__ = "0.1.0"
__all__ = ["WAE", "gwae_components"]


@hookimpl
def gwae_components() -> list[type[Component]]:
    """The components of this plugin."""
    return [WAE]
