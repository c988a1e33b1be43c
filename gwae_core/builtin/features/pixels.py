"""The data themselves as features."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from gwae_core.interfaces import Features


class Pixels(Features):
    """The data themselves, flattened: for tables, and as the baseline of every other extractor.

    Source: the identity; distances between images in pixels follow brightness and position.
    """

    class Config(Features.Config):
        """No parameters."""

        type: Literal["pixels"] = "pixels"

    config: Config

    def forward(self, x: Tensor) -> Tensor:
        """The data (n, *data_shape) as vectors (n, p)."""
        return x.flatten(1)
