"""The prior of several components, which can be read as clusters."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from gwae_core.interfaces.density_prior import DensityPrior


class MixturePrior(DensityPrior):
    """A prior of several components, which can be read as clusters."""

    num_components: int

    @abstractmethod
    def responsibilities(self, z: Tensor) -> Tensor:
        """Probability of each component given codes (n, d): (n, num_components), rows sum to 1."""

    @abstractmethod
    def sample_component(
        self, component: int, n: int, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw n samples of one component: (n, d)."""
