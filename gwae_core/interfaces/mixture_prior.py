"""The prior of several components, which can be read as clusters."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from gwae_core.errors import ComponentError
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
        """Draw n samples of one component: (n, d).

        Raises:
            ComponentError: There is no such component (`check_number`).
        """

    def check_number(self, component: int) -> None:
        """Refuse a number that is that of no component.

        Raises:
            ComponentError: It is not one of 0, ..., num_components - 1.
        """
        if not 0 <= component < self.num_components:
            raise ComponentError(
                f"there is no component {component}; the prior has {self.num_components}, "
                f"numbered from 0 to {self.num_components - 1}"
            )
