"""Entropic Gromov-Wasserstein."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import PositiveFloat, PositiveInt

from gwae_core.interfaces import Estimator
from gwae_core.solvers import entropic_gw
from gwae_core.spaces import GWResult, MMSpace


class Entropic(Estimator):
    """Entropic Gromov-Wasserstein: annealed Sinkhorn iterations, on any device.

    min_T sum |c_x - c_z|^2 T T + epsilon E KL(T | p q^T), with E the value of the product coupling
    (Peyré et al., 2016). The gradient is that of this objective, not of its transport part.
    """

    class Config(Estimator.Config):
        """Parameters of the solver."""

        type: Literal["entropic"] = "entropic"
        epsilon: PositiveFloat = 0.05
        """Strength of the regulariser, in units of the value of the product coupling."""
        max_iter: PositiveInt = 500
        """Outer iterations at the final temperature at most."""
        tolerance: PositiveFloat = 1e-5
        """Change of the coupling (L1) and marginal error below which the solver stops."""

    config: Config
    # the regulariser keeps the coupling blurred
    exempt_from: frozenset[str] = frozenset({"zero_on_isometric_copies"})

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """Solve; the plan is dense."""
        self.require_exponent(rho)
        config = self.config
        return entropic_gw(
            x, z, epsilon=config.epsilon, max_iter=config.max_iter, tol=config.tolerance
        )
