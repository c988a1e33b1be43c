"""Built-in reconstructions."""

from __future__ import annotations

from gwae_core.builtin.reconstructions.bernoulli import Bernoulli
from gwae_core.builtin.reconstructions.squared_error import SquaredError
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (SquaredError, Bernoulli)

__all__ = ["COMPONENTS", "Bernoulli", "SquaredError"]
