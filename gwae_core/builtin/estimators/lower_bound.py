"""Lower bounds of Gromov-Wasserstein."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from gwae_core.interfaces import Estimator
from gwae_core.solvers import lower_bound
from gwae_core.spaces import GWResult, MMSpace


class LowerBound(Estimator):
    """Lower bound of Gromov-Wasserstein from one-dimensional transport of distances.

    The first, second or third lower bound of Mémoli (2011): of eccentricities in O(n^2), of all
    distances in O(n^2 log n), of each point's distances in O(n^3).
    """

    class Config(Estimator.Config):
        """Which bound."""

        type: Literal["lower-bound"] = "lower-bound"
        bound: Literal["first", "second", "third"] = "second"
        """Which bound; the third is the largest and the slowest."""

    config: Config
    has_plan: ClassVar[bool] = False

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """The bound; only the third has a plan."""
        self.require_exponent(rho)
        return lower_bound(x, z, kind=self.config.bound)
