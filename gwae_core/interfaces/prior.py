"""The prior pi(z): it carries what one wants of the representation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gwae_core.components import Component
from gwae_core.context import BuildContext, require


@dataclass(frozen=True)
class WeightedSamples:
    """Samples whose weights carry a gradient, so that a mixture's weights learn.

    Attributes:
        z: Samples, (n, d).
        weights: Non-negative, sum 1, differentiable; (n,).
    """

    z: Tensor
    weights: Tensor


class Prior(Component, nn.Module, ABC):
    """A trainable or fixed distribution over codes, known by its samples.

    Subclasses build their parameters in ``__init__`` after calling ``super().__init__``.
    """

    kind: ClassVar[str] = "prior"

    class Config(Component.Config):
        """Parameters of a prior."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.latent_dim = require(context, self).latent_dim
        # Fixed priors have no parameter to tell them their device and dtype.
        self.register_buffer("anchor", torch.empty(0), persistent=False)

    anchor: Tensor

    @abstractmethod
    def sample(
        self, n: int, *, generator: torch.Generator | None = None
    ) -> Tensor | WeightedSamples:
        """Draw n samples, differentiable in the prior's parameters: (n, d), or with weights."""

    def noise(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Standard normal noise (n, d) on the prior's device."""
        like = self.anchor
        shape = (n, self.latent_dim)
        return torch.randn(shape, generator=generator, device=like.device, dtype=like.dtype)
