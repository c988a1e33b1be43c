"""Features of a convolutional network with random weights."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from gwae_core.builtin.features.image_shape import image_shape
from gwae_core.context import BuildContext, require
from gwae_core.interfaces import Features

STAGES = 3
"""Convolutions at most, each followed by a halving of the size."""


class RandomConvolutions(Features):
    """Features of a convolutional network with fixed random weights (Saxe et al., 2011).

    Three 3 x 3 convolutions with orthogonal weights and ReLU, each followed by the mean over 2 x 2
    pixels while there are as many; the last is averaged over the quarters of the image and mapped
    to ``width`` features by a random orthogonal matrix. They see local structure and where it is,
    need neither labels nor a download, and are the same for one seed wherever they are computed.
    """

    images_only: ClassVar[bool] = True

    class Config(Features.Config):
        """Size and seed."""

        type: Literal["random-convolutions"] = "random-convolutions"
        channels: PositiveInt = 16
        """Channels of the first convolution; they double with each."""
        width: PositiveInt = 64
        """Number of features."""
        seed: NonNegativeInt = 0
        """Seed of the weights."""

    config: Config
    mean: Tensor
    scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        fan_in, *size = image_shape(context, self.name())
        self.register_buffer("mean", context.statistics.mean.clone())
        self.register_buffer("scale", torch.tensor(context.statistics.scale))
        layers: list[nn.Module] = []
        for stage in range(STAGES):
            fan_out = config.channels * 2**stage
            layers += [nn.Conv2d(fan_in, fan_out, 3, padding=1, bias=False), nn.ReLU()]
            if min(size) >= 2:
                layers.append(nn.AvgPool2d(2))
                size = [side // 2 for side in size]
            fan_in = fan_out
        layers += [nn.AdaptiveAvgPool2d(2), nn.Flatten()]
        layers.append(nn.Linear(4 * fan_in, config.width, bias=False))
        self.network = nn.Sequential(*layers).requires_grad_(False)
        generator = torch.Generator().manual_seed(config.seed)
        for parameter in self.network.parameters():
            # ReLU halves the mean square; a gain of root two keeps it from layer to layer
            nn.init.orthogonal_(parameter, gain=2**0.5, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Features (n, width) of images (n, channels, height, width)."""
        features: Tensor = self.network((x - self.mean) / self.scale)
        return features
