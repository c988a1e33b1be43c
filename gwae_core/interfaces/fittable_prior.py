"""The prior that can be fitted on codes."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from gwae_core.interfaces.prior import Prior


class FittablePrior(Prior):
    """A prior that can be fitted on codes between two training stages."""

    @abstractmethod
    def fit(self, z: Tensor, *, seed: int) -> None:
        """Set the parameters to a fit on codes (n, d)."""
