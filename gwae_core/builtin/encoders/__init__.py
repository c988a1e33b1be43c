"""Built-in encoders."""

from __future__ import annotations

from gwae_core.builtin.encoders.convolutional import ConvolutionalEncoder
from gwae_core.builtin.encoders.mlp import MLPEncoder
from gwae_core.builtin.encoders.module import ModuleEncoder
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (MLPEncoder, ConvolutionalEncoder, ModuleEncoder)

__all__ = ["COMPONENTS", "ConvolutionalEncoder", "MLPEncoder", "ModuleEncoder"]
