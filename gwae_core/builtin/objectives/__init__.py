"""Objectives: training methods."""

from gwae_core.builtin.objectives.gwae import GWAE
from gwae_core.builtin.objectives.vae import VAE
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (GWAE, VAE)
