"""Gromov-Wasserstein and a Sinkhorn divergence by geomloss, for gwae-core."""

from __future__ import annotations

from gwae_core import hookimpl
from gwae_core.components import Component
from gwae_geomloss.estimator import Geomloss
from gwae_geomloss.sinkhorn import GeomlossSinkhorn

__version__ = "0.1.0"
__all__ = ["Geomloss", "GeomlossSinkhorn", "gwae_components"]


@hookimpl
def gwae_components() -> list[type[Component]]:
    """The components of this plugin."""
    return [Geomloss, GeomlossSinkhorn]
