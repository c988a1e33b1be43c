"""Built-in decoders."""

from __future__ import annotations

from gwae_core.builtin.decoders.convolutional import ConvolutionalDecoder
from gwae_core.builtin.decoders.mlp import MLPDecoder
from gwae_core.builtin.decoders.module import ModuleDecoder
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (MLPDecoder, ConvolutionalDecoder, ModuleDecoder)

__all__ = ["COMPONENTS", "ConvolutionalDecoder", "MLPDecoder", "ModuleDecoder"]
