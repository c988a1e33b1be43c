"""How a convolutional network halves an image, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor

from gwae_core.errors import ComponentError

MIN_SIDE = 8
"""Shortest side of an image that a convolutional network takes."""
WIDEST = 256
"""Channels stop doubling here."""

Size: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Stages:
    """Sizes and channels of the feature maps, from the image to the innermost map.

    Each stage is a convolution of kernel 4, stride 2, padding 1, which halves each side (an odd one
    is rounded down).

    Attributes:
        sizes: Height and width before, between and after the stages.
        channels: Channels before, between and after the stages.
    """

    sizes: tuple[Size, ...]
    channels: tuple[int, ...]

    @classmethod
    def of(cls, shape: tuple[int, ...], channels: tuple[int, ...] | None) -> Stages:
        """Stages for an image (channels, height, width).

        Args:
            shape: Shape of the image.
            channels: Channels after each stage; None halves until the shorter side is below 8, with
                32 channels after the first stage, doubled after each, at most 256.

        Raises:
            ComponentError: Not an image, an image that is too small, or too many stages for it.
        """
        if len(shape) != 3 or min(shape[1:]) < MIN_SIDE:
            raise ComponentError(
                "convolutional networks take images (channels, height, width) whose sides are at "
                f"least {MIN_SIDE}; got data of shape {shape}",
                hint="take `encoder: mlp` and `decoder: mlp`, or data laid out as images",
            )
        size: Size = (shape[1], shape[2])
        possible = min(size).bit_length() - 1  # halvings until the shorter side is 1
        if channels is None:
            # The shorter side ends between 4 and 7.
            channels = tuple(min(32 * 2**i, WIDEST) for i in range(possible - 2))
        elif len(channels) > possible:
            raise ComponentError(
                f"an image of {size[0]}x{size[1]} can be halved {possible} times; got "
                f"{len(channels)} channels: {list(channels)}",
                hint="give at most that many channels, or null for as many as suit the size",
            )
        sizes = [size]
        for _ in channels:
            sizes.append((sizes[-1][0] // 2, sizes[-1][1] // 2))
        return cls(tuple(sizes), (shape[0], *channels))

    @property
    def features(self) -> int:
        """Number of values of the innermost map."""
        return self.channels[-1] * self.sizes[-1][0] * self.sizes[-1][1]

    @property
    def innermost(self) -> tuple[int, int, int]:
        """Shape of the innermost map: (channels, height, width)."""
        return (self.channels[-1], *self.sizes[-1])

    @property
    def down(self) -> tuple[tuple[int, int], ...]:
        """Channels into and out of each stage."""
        return tuple(pairwise(self.channels))

    @property
    def odd(self) -> tuple[Size, ...]:
        """For each stage, what halving its height and width lost: 0 or 1 each."""
        return tuple((h % 2, w % 2) for h, w in self.sizes[:-1])


def channels_last(x: Tensor) -> Tensor:
    """Images (n, channels, height, width) in the order in which convolutions compute fastest.

    The values, and the shape, are the same; data of another number of dimensions are left alone.
    """
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x
