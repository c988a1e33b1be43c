"""The prior whose density is known."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from gwae_core.interfaces.prior import Prior


class DensityPrior(Prior):
    """A prior whose density is known."""

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """Natural logarithm of the density at codes (n, d): (n,)."""
