"""POT's Gromov-Wasserstein solvers as estimators of gwae-core."""

from __future__ import annotations

from gwae_core import Estimator, hookimpl
from gwae_pot.entropic import POTEntropic
from gwae_pot.exact import POTExact
from gwae_pot.fused import POTFused
from gwae_pot.partial import POTPartial
from gwae_pot.semirelaxed import POTSemirelaxed

__version__ = "0.1.0"
__all__ = [
    "POTEntropic",
    "POTExact",
    "POTFused",
    "POTPartial",
    "POTSemirelaxed",
    "gwae_components",
]


@hookimpl
def gwae_components() -> list[type[Estimator]]:
    """The estimators of this plugin."""
    return [POTExact, POTEntropic, POTSemirelaxed, POTPartial, POTFused]
