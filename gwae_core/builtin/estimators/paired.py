"""The paper's estimator: the coupling is given."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from gwae_core.errors import SpaceError
from gwae_core.interfaces import Estimator
from gwae_core.solvers import distortion
from gwae_core.spaces import GWResult, MMSpace, SparsePlan


class Paired(Estimator):
    """Distortion of the given coupling: row i of one space with row i of the other.

    sum_ij |d_x(i, j) - d_z(i, j)|^rho w_i w_j, an upper bound on GW (Nakagawa et al., 2023). Time
    O(n^2 p), memory O(n^2 + n p).
    """

    class Config(Estimator.Config):
        """Parameters: none."""

        type: Literal["paired"] = "paired"

    config: Config
    exponents: ClassVar[frozenset[float] | None] = None
    solves: ClassVar[bool] = False

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """Distortion of two spaces of equal size.

        Raises:
            SpaceError: The sizes differ.
        """
        if x.n != z.n:
            raise SpaceError(
                f"paired couples row i with row i, but the spaces have {x.n} and {z.n} points",
                hint="take an estimator that solves for the coupling, such as entropic or exact",
            )
        value = distortion(x, z, rho=rho)
        return GWResult(value, value, identity_plan(x, z), True, 0, 0.0)


def identity_plan(x: MMSpace, z: MMSpace) -> SparsePlan:
    """The coupling of row i with row i, weighted as ``x``, or as ``z`` where ``x`` is uniform."""
    mass = (z if x.weights is None else x).mass.detach()
    rows = torch.arange(x.n, device=mass.device)
    return SparsePlan(rows, rows, mass, (x.n, z.n))
