"""The partial problem, which leaves a share of both masses out."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from pydantic import Field, PositiveFloat, PositiveInt

from gwae_core import Estimator, GWResult, MMSpace
from gwae_pot.duals import linear_duals
from gwae_pot.problem import Problem, descended, solved


class POTPartial(Estimator):
    """Partial Gromov-Wasserstein: a given share of the mass is coupled, by POT.

    min_T sum |c_x - c_z|^2 T T over T >= 0 with T 1 <= p, T^T 1 <= q and sum T = mass (Chapel et
    al., 2020), by conditional gradient from the product coupling. What fits worst is left out, so
    that outliers do not count. The value falls with the square of the mass, and ``marginal_error``
    is the excess over either marginal plus |sum T - mass|. Time O(n^3) a step, in float64 on the
    CPU.
    """

    class Config(Estimator.Config):
        """Parameters of the solver."""

        type: Literal["pot-partial"] = "pot-partial"
        mass: float = Field(0.9, gt=0, le=1)
        """Share of the mass that is coupled."""
        max_iter: PositiveInt = 100_000
        """Steps of the conditional gradient at most, and of the network simplex in each of them:
        POT has one bound for both."""
        tolerance: PositiveFloat = 1e-9
        """Change of the objective below which the solver stops, in units of the value of the
        product coupling."""

    config: Config
    # a share of the mass is left out
    exempt_from: frozenset[str] = frozenset({"marginals", "one_point"})

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """Solve; the plan is dense, of sum ``mass``.

        Raises:
            SpaceError: rho is not 2, or costs or weights hold NaN or inf.
        """
        from ot.gromov import partial_fused_gromov_wasserstein

        config = self.config
        problem = Problem.of(x, z, rho=rho, estimator=self)
        c_x, c_z, p, q = problem.supported
        # POT refuses a mass above either sum, which rounding may put below 1
        mass = min(config.mass, p.sum(), q.sum())
        # A constant linear cost changes no coupling, and is there for two reasons: POT's stopping
        # rule is relative to an objective that may be zero, and the price of coupling its two dummy
        # points, which would couple more than the mass, is a hundred times the linear cost.
        constant = max(1.0, float(np.square(c_x).max()), float(np.square(c_z).max()))
        found, log = solved(
            lambda: partial_fused_gromov_wasserstein(
                np.full((len(p), len(q)), constant),
                c_x,
                c_z,
                p,
                q,
                m=mass,
                alpha=0.5,
                symmetric=True,
                numItermax=config.max_iter,
                tol=config.tolerance / (constant * mass),
                warn=False,
                log=True,
            )
        )
        converged, n_iter = descended(log, tolerance=config.tolerance, max_iter=config.max_iter)
        plan = problem.whole(found)
        excess = np.maximum(plan.sum(1) - problem.p, 0), np.maximum(plan.sum(0) - problem.q, 0)
        missing = abs(plan.sum() - config.mass)
        duals = None
        if problem.weights_learn:
            f, g = linear_duals(problem, (constant + problem.gradient(plan)) / 2, log)
            duals = 2 * f, 2 * g
        return problem.result(
            plan,
            converged=converged,
            n_iter=n_iter,
            marginal_error=float(excess[0].sum() + excess[1].sum() + missing),
            duals=duals,
        )
