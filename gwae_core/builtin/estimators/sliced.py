"""Sliced Gromov-Wasserstein."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import NonNegativeInt, PositiveInt

from gwae_core.interfaces import Estimator
from gwae_core.solvers import sliced_gw
from gwae_core.spaces import GWResult, MMSpace


class Sliced(Estimator):
    """Sliced Gromov-Wasserstein: one-dimensional problems along random lines.

    The mean over lines of the better of the ascending and the descending order, with squared
    Euclidean costs, in O(L n log n) (Vayer, Flamary et al., 2019). An upper bound on each line's
    problem (Beinert et al., 2022), a bound of GW from neither side, and not invariant under
    rotation.
    """

    class Config(Estimator.Config):
        """Parameters of the estimate."""

        type: Literal["sliced"] = "sliced"
        num_projections: PositiveInt = 50
        """Random lines L."""
        polish: NonNegativeInt = 0
        """Exact linear steps on each line at most; for small n."""
        rotation_invariant: bool = False
        """Turn both spaces into their principal axes first."""

    config: Config
    costs: ClassVar[frozenset[str] | None] = frozenset({"sqeuclidean"})
    has_plan: ClassVar[bool] = False
    needs_points: ClassVar[bool] = True
    # lines lie in fixed coordinates
    exempt_from: frozenset[str] = frozenset({"isometry_invariance", "zero_on_isometric_copies"})

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """Project, sort, compare; there is no plan."""
        self.require_exponent(rho)
        return sliced_gw(
            x,
            z,
            n_projections=self.config.num_projections,
            polish=self.config.polish,
            rotation_invariant=self.config.rotation_invariant,
            generator=generator,
        )
