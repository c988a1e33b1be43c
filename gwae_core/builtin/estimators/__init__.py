"""Gromov-Wasserstein estimators."""

from gwae_core.builtin.estimators.paired import Paired
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (Paired,)
