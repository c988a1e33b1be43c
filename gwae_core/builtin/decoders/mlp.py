"""The decoder of fully connected layers."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import PositiveInt
from torch import Tensor, nn

from gwae_core.builtin.decoders.outputs import OutputConfig, output_transform
from gwae_core.builtin.encoders.perceptron import hidden_layers
from gwae_core.context import BuildContext, require
from gwae_core.interfaces import Decoder


class MLPDecoder(Decoder):
    """Fully connected layers, for data of any shape.

    A multilayer perceptron (Rumelhart et al., 1986) with SiLU (Elfwing et al., 2018).
    """

    class Config(OutputConfig):
        """Parameters of the decoder."""

        type: Literal["mlp"] = "mlp"
        hidden: tuple[PositiveInt, ...] = (256, 256)
        """Widths of the hidden layers, each followed by SiLU; none gives a linear decoder."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        features = (context.latent_dim, *config.hidden)[-1]
        self.shape = context.output_shape
        self.hidden = hidden_layers(context.latent_dim, config.hidden)
        self.last = nn.Linear(features, math.prod(self.shape))
        self.output = output_transform(config, context)

    def forward(self, z: Tensor) -> Tensor:
        """Decode codes (n, d): (n, *output_shape)."""
        y = self.last(self.hidden(z)).unflatten(1, self.shape)  # (n, *output_shape)
        params: Tensor = self.output(y)
        return params
