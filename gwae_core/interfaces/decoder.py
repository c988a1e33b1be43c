"""The decoder g(z)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from gwae_core.components import Component


class Decoder(Component, nn.Module, ABC):
    """Maps codes to the parameters of the data's distribution, which a reconstruction reads."""

    kind: ClassVar[str] = "decoder"

    class Config(Component.Config):
        """Parameters of a decoder."""

    config: Config

    @abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Decode codes (n, d): parameters (n, *output_shape)."""
