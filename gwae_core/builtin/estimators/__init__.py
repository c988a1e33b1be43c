"""Gromov-Wasserstein estimators."""

from gwae_core.builtin.estimators.entropic import Entropic
from gwae_core.builtin.estimators.exact import Exact
from gwae_core.builtin.estimators.gromov_monge_gap import GromovMongeGap
from gwae_core.builtin.estimators.lower_bound import LowerBound
from gwae_core.builtin.estimators.paired import Paired
from gwae_core.builtin.estimators.sliced import Sliced
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (
    Paired,
    Exact,
    Entropic,
    Sliced,
    LowerBound,
    GromovMongeGap,
)
"""What this package registers."""
