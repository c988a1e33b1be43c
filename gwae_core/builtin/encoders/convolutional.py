"""The encoder of strided convolutions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt
from torch import Tensor, nn

from gwae_core.builtin.encoders.head import Head, HeadConfig
from gwae_core.builtin.encoders.inputs import input_transform
from gwae_core.builtin.encoders.stages import Stages, channels_last
from gwae_core.context import BuildContext, require
from gwae_core.interfaces import Encoder, Posterior


class ConvolutionalEncoder(Encoder):
    """Strided convolutions for images of any number of channels, sides of at least 8.

    Stages of Conv 4x4, stride 2, padding 1, and SiLU, then Linear, SiLU and the heads. For images
    3x64x64 the defaults are the published network: 3-32-64-128-256, Linear 4096-256, heads
    Linear 256-d; 1.77 million parameters at d = 64 (Nakagawa et al., 2023).
    """

    class Config(HeadConfig):
        """Parameters of the encoder."""

        type: Literal["convolutional"] = "convolutional"
        channels: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] | None = None
        """Channels after each stage; null takes as many of 32, 64, 128, 256, 256, ... as leave the
        shorter side between 4 and 7."""
        hidden: PositiveInt = 256
        """Width of the layer between the innermost map and the heads."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        stages = Stages.of(context.data_shape, config.channels)
        self.input = input_transform(config.input, context)
        layers: list[nn.Module] = []
        for inner, outer in stages.down:
            layers += [nn.Conv2d(inner, outer, kernel_size=4, stride=2, padding=1), nn.SiLU()]
        self.stages = nn.Sequential(*layers)
        self.hidden = nn.Sequential(nn.Linear(stages.features, config.hidden), nn.SiLU())
        self.head = Head(config.hidden, context.latent_dim, config)

    def forward(self, x: Tensor) -> Posterior:
        """Encode images (n, channels, height, width)."""
        h = self.stages(channels_last(self.input(x)))  # (n, *innermost)
        posterior: Posterior = self.head(self.hidden(h.flatten(1)))
        return posterior
