"""Divergences: what keeps the codes close to the prior."""

from __future__ import annotations

from gwae_core.builtin.divergences.critic import Critic
from gwae_core.builtin.divergences.mmd import MMD
from gwae_core.builtin.divergences.sinkhorn import Sinkhorn
from gwae_core.builtin.divergences.sliced_wasserstein import SlicedWasserstein
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (Critic, MMD, Sinkhorn, SlicedWasserstein)
"""What this package registers."""
