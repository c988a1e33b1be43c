"""The reconstruction: how the decoder's output is read and compared with the data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from gwae_core.components import Component
from gwae_core.interfaces.adversarial_divergence import AdversarialDivergence


class Reconstruction(Component, nn.Module, ABC):
    """Compares the decoder's parameters with data, and reads the expected data from them."""

    kind: ClassVar[str] = "reconstruction"

    class Config(Component.Config):
        """Parameters of a reconstruction."""

    config: Config

    def output_shape(self, data_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the decoder's output for one point; the data's own unless overridden."""
        return data_shape

    def check_data(self, low: float, high: float) -> None:
        """Refuse data whose range the loss is not defined on; nothing is refused by default."""
        return None

    def use_critic(self, critic: AdversarialDivergence | None) -> None:
        """Called by an objective with the critic that trains beside it; ignored by default."""
        return None

    @abstractmethod
    def loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Loss of each point, summed over data dimensions: (n,)."""

    @abstractmethod
    def mean(self, params: Tensor) -> Tensor:
        """Expected data x^ (n, *data_shape): what GW, figures and metrics see."""
