"""The decoder of strided transposed convolutions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt
from torch import Tensor, nn

from gwae_core.builtin.decoders.outputs import OutputConfig, output_transform
from gwae_core.builtin.decoders.up_convolution import UpConvolution
from gwae_core.builtin.encoders.stages import Stages, channels_last
from gwae_core.context import BuildContext, require
from gwae_core.interfaces import Decoder


class ConvolutionalDecoder(Decoder):
    """Strided transposed convolutions, the mirror image of the convolutional encoder.

    Linear, SiLU, Linear, SiLU, then stages of ConvTranspose 4x4, stride 2, padding 1, with SiLU
    between them. For images 3x64x64 the defaults are the published network, which ends in
    ``output: sigmoid``; 1.76 million parameters at d = 64 (Nakagawa et al., 2023).
    """

    class Config(OutputConfig):
        """Parameters of the decoder."""

        type: Literal["convolutional"] = "convolutional"
        channels: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] | None = None
        """Channels of the feature maps, outermost first, as in the encoder; null takes as many of
        32, 64, 128, 256, 256, ... as leave the shorter side between 4 and 7."""
        hidden: PositiveInt = 256
        """Width of the layer between the codes and the innermost map."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        stages = Stages.of(context.output_shape, config.channels)
        self.innermost = stages.innermost
        self.hidden = nn.Sequential(
            nn.Linear(context.latent_dim, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, stages.features),
        )
        layers: list[nn.Module] = []
        for (outer, inner), odd in reversed(tuple(zip(stages.down, stages.odd, strict=True))):
            layers += [nn.SiLU(), UpConvolution(inner, outer, odd=odd)]
        self.stages = nn.Sequential(*layers)
        self.output = output_transform(config, context)

    def forward(self, z: Tensor) -> Tensor:
        """Decode codes (n, d): (n, *output_shape)."""
        h = channels_last(self.hidden(z).unflatten(1, self.innermost))  # (n, *innermost)
        params: Tensor = self.output(self.stages(h))  # (n, *output_shape)
        return params
