"""Built-in decoders."""

from __future__ import annotations

from gwae_core.builtin.decoders.mlp import MLPDecoder
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (MLPDecoder,)

__all__ = ["COMPONENTS", "MLPDecoder"]
