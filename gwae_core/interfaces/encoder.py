"""The encoder q(z|x)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from gwae_core.components import Component


class Posterior(ABC):
    """The distribution of codes of each data point.

    Attributes:
        mean: The code that evaluation uses, (n, d).
        log_variance: Log variance of each coordinate, (n, d), or None where there is none.
        levels: Posteriors of further levels of a hierarchical model, or None.
    """

    mean: Tensor
    log_variance: Tensor | None = None
    levels: tuple[Posterior, ...] | None = None

    @abstractmethod
    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw one differentiable sample a data point: (n, d)."""

    def entropy(self) -> Tensor | None:
        """Differential entropy of each posterior in nats, (n,), or None where it is not known."""
        return None


class Encoder(Component, nn.Module, ABC):
    """Maps data to posteriors over codes."""

    kind: ClassVar[str] = "encoder"

    class Config(Component.Config):
        """Parameters of an encoder."""

    config: Config

    @abstractmethod
    def forward(self, x: Tensor) -> Posterior:
        """Encode data (n, *data_shape)."""
