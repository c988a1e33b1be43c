"""Built-in data sets."""

from __future__ import annotations

from gwae_core.builtin.datasets.digits import Digits
from gwae_core.builtin.datasets.mnist5k import MNIST5k
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (Digits, MNIST5k)

__all__ = ["COMPONENTS", "Digits", "MNIST5k"]
