"""The paper's estimator: the coupling is given."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from gwae_core.errors import SpaceError
from gwae_core.interfaces import Estimator
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

    def forward(self, x: MMSpace, z: MMSpace, *, rho: float = 2.0) -> GWResult:
        """Distortion of two spaces of equal size.

        Raises:
            SpaceError: The sizes differ.
        """
        if x.n != z.n:
            raise SpaceError(
                f"paired couples row i with row i, but the spaces have {x.n} and {z.n} points",
                hint="take an estimator that solves for the coupling, such as entropic or exact",
            )
        weights = z.mass if x.weights is None else x.mass
        difference = (x.d - z.d).abs()
        # |0|^rho has no gradient for rho < 1, and none that is defined at rho = 1: sign(0) = 0.
        value = torch.einsum("i,ij,j->", weights, difference.pow(rho), weights)
        rows = torch.arange(x.n, device=value.device)
        plan = SparsePlan(rows, rows, weights.detach(), (x.n, z.n))
        return GWResult(
            value=value,
            objective=value,
            plan=plan,
            converged=True,
            n_iter=0,
            marginal_error=0.0,
        )
