"""The encoder of fully connected layers."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt
from torch import Tensor

from gwae_core.builtin.encoders.head import Head, HeadConfig
from gwae_core.builtin.encoders.inputs import input_transform
from gwae_core.builtin.encoders.perceptron import hidden_layers
from gwae_core.context import BuildContext, require
from gwae_core.interfaces import Encoder, Posterior


class MLPEncoder(Encoder):
    """Fully connected layers for data of any shape, which is flattened.

    A multilayer perceptron (Rumelhart et al., 1986) with SiLU (Elfwing et al., 2018).
    """

    class Config(HeadConfig):
        """Parameters of the encoder."""

        type: Literal["mlp"] = "mlp"
        hidden: tuple[PositiveInt, ...] = (256, 256)
        """Widths of the hidden layers, each followed by SiLU; none gives a linear encoder."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        features = (context.num_features, *config.hidden)[-1]
        self.input = input_transform(config.input, context)
        self.hidden = hidden_layers(context.num_features, config.hidden)
        self.head = Head(features, context.latent_dim, config)

    def forward(self, x: Tensor) -> Posterior:
        """Encode data (n, *data_shape)."""
        h = self.input(x).flatten(1)  # (n, p)
        posterior: Posterior = self.head(self.hidden(h))
        return posterior
