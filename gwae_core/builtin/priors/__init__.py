"""Priors: the distributions over codes that come with core."""

from __future__ import annotations

from gwae_core.builtin.priors.factorized_neural import FactorizedNeural
from gwae_core.builtin.priors.gaussian_mixture import GaussianMixture
from gwae_core.builtin.priors.neural import Neural
from gwae_core.builtin.priors.normal import Normal
from gwae_core.builtin.priors.spherical import Spherical
from gwae_core.builtin.priors.uniform import Uniform
from gwae_core.builtin.priors.vamp import Vamp
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (
    FactorizedNeural,
    GaussianMixture,
    Neural,
    Normal,
    Spherical,
    Uniform,
    Vamp,
)
"""What this package registers."""
