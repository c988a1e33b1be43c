"""The network of the critic: f(x, z) from a branch for data, one for codes, and a joint head."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from gwae_core.builtin.divergences.spectral_norm import spectral

MAX_STAGES = 6
"""Convolutions of the published critic, which take 64 x 64 to 1 x 1."""


class CriticNetwork(nn.Module):
    """f(x, z) = h(a(x), b(z)), with spectral norm on every layer and LeakyReLU(0.2).

    a: for images (c, height, width), 4 x 4 convolutions of stride 2 that halve the size until its
    shorter side is 1, at most six, with 8, 16, 32, ... channels, then a linear layer; for other
    data an MLP. b: an MLP d-256-256-64. h: an MLP 128-256-256-1.

    Args:
        data_shape: Shape of one data point.
        latent_dim: d.
        channels: Channels of the first convolution.
        width: Width of the MLPs' hidden layers.
        features: Outputs of a and of b.
    """

    def __init__(
        self,
        data_shape: tuple[int, ...],
        latent_dim: int,
        *,
        channels: int,
        width: int,
        features: int,
    ) -> None:
        super().__init__()
        stages = 0
        if len(data_shape) == 3:
            stages = min(MAX_STAGES, int(math.log2(min(data_shape[1:]))))
        if stages:
            self.of_x: nn.Module = _image_branch(data_shape, stages, channels, features)
        else:
            flat = math.prod(data_shape)
            self.of_x = nn.Sequential(nn.Flatten(), _mlp(flat, width, width, features))
        self.of_z = _mlp(latent_dim, width, width, features)
        self.joint = nn.Sequential(
            nn.LeakyReLU(0.2), _mlp(2 * features, width, width, 1), nn.Flatten(0)
        )

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """Values f of pairs, (n, *data_shape) and (n, d): (n,)."""
        value: Tensor = self.joint(torch.cat([self.of_x(x), self.of_z(z)], dim=1))
        return value

    def hidden_of_x(self) -> list[list[nn.Module]]:
        """Layers of a, up to and with each of its activations."""
        found: list[list[nn.Module]] = []
        layers: list[nn.Module] = []
        for layer in layers_of(self.of_x):
            layers.append(layer)
            if isinstance(layer, nn.LeakyReLU):
                found.append(list(layers))
        return found


def layers_of(module: nn.Module) -> Iterator[nn.Module]:
    """Layers of nested sequences, in order."""
    if isinstance(module, nn.Sequential):
        for part in module:
            yield from layers_of(part)
    else:
        yield module


def _mlp(*sizes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [spectral(nn.Linear(fan_in, fan_out)), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def _image_branch(
    data_shape: tuple[int, ...], stages: int, channels: int, features: int
) -> nn.Sequential:
    sizes = [data_shape[0], *(channels * 2**stage for stage in range(stages))]
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [spectral(nn.Conv2d(fan_in, fan_out, 4, 2, 1)), nn.LeakyReLU(0.2)]
    height, width = (side // 2**stages for side in data_shape[1:])
    flat = sizes[-1] * height * width
    return nn.Sequential(*layers, nn.Flatten(), spectral(nn.Linear(flat, features)))
