"""The divergence between the aggregated posterior and the prior, or between their joints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gwae_core.components import Component


@dataclass(frozen=True)
class Sample:
    """A weighted sample of codes, with the data that goes with each code.

    Attributes:
        z: Codes, (n, d).
        weights: Non-negative, sum 1, (n,); None means uniform.
        x: Data x, or generated g(z), of each code, (n, *data_shape); only where ``joint``.
    """

    z: Tensor
    weights: Tensor | None = None
    x: Tensor | None = None

    @property
    def mass(self) -> Tensor:
        """The weights, uniform where none were given: (n,)."""
        if self.weights is not None:
            return self.weights
        n = self.z.shape[0]
        return torch.full((n,), 1.0 / n, device=self.z.device, dtype=self.z.dtype)

    def detach(self) -> Sample:
        """The same sample without gradients."""
        return Sample(
            self.z.detach(),
            None if self.weights is None else self.weights.detach(),
            None if self.x is None else self.x.detach(),
        )


class Divergence(Component, nn.Module, ABC):
    """A value that is small when two samples come from one distribution."""

    kind: ClassVar[str] = "divergence"
    joint: ClassVar[bool] = False
    """Whether the samples must carry data (``Sample.x``) beside codes."""
    sums_dimensions: ClassVar[bool] = False
    """Whether the value grows in proportion to the number of latent dimensions, as squared
    distances do; an objective may divide by it then."""

    class Config(Component.Config):
        """Parameters of a divergence."""

    config: Config

    @abstractmethod
    def forward(self, q: Sample, p: Sample, *, generator: torch.Generator | None = None) -> Tensor:
        """Divergence of posterior sample q and prior sample p: a 0-d tensor to be minimised."""
