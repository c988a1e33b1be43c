"""The semi-relaxed problem, which holds the first marginal alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from pydantic import PositiveFloat, PositiveInt

from gwae_core import Estimator, GWResult, MMSpace
from gwae_pot.problem import Problem, descended, solved


class POTSemirelaxed(Estimator):
    """Semi-relaxed Gromov-Wasserstein: the second space's weights are free, by POT.

    min_T sum |c_x - c_z|^2 T T over T >= 0 with T 1 = p (Vincent-Cuaz et al., 2022), by conditional
    gradient from the product coupling. The first space is embedded in the second, of which it may
    leave points out: weights of the second space say where the descent begins and get no gradient,
    the estimator is not symmetric, and ``marginal_error`` is |T 1 - p|_1 alone. Time O(n^3) a step,
    in float64 on the CPU.
    """

    class Config(Estimator.Config):
        """Parameters of the solver."""

        type: Literal["pot-semirelaxed"] = "pot-semirelaxed"
        max_iter: PositiveInt = 10_000
        """Steps of the conditional gradient at most."""
        tolerance: PositiveFloat = 1e-9
        """Change of the objective below which the solver stops, relative to itself or to the value
        of the product coupling."""

    config: Config
    # the weights of z are free
    exempt_from: frozenset[str] = frozenset({"symmetry", "marginals", "zero_weights"})

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """Solve; the plan is dense, and its second marginal is what was found.

        Raises:
            SpaceError: rho is not 2, or costs or weights hold NaN or inf.
        """
        from ot.gromov import semirelaxed_gromov_wasserstein

        config = self.config
        q = z.validate().mass.detach().cpu().double().numpy()
        free = MMSpace(z.points, z.distances, None, z.cost)
        problem = Problem.of(x, free, rho=rho, estimator=self)
        costs_x, costs_z, p, _ = problem.supported
        found, log = solved(
            lambda: semirelaxed_gromov_wasserstein(
                costs_x,
                costs_z,
                p,
                symmetric=True,
                # the given weights, so that a point split into two copies changes nothing
                G0=p[:, None] * (q / q.sum()),
                log=True,
                max_iter=config.max_iter,
                tol_rel=config.tolerance,
                tol_abs=config.tolerance,
            )
        )
        converged, n_iter = descended(log, tolerance=config.tolerance, max_iter=config.max_iter)
        plan = problem.whole(found)
        duals = None
        if problem.weights_learn:
            duals = problem.gradient(plan).min(1), np.zeros(free.n)
        return problem.result(
            plan,
            converged=converged,
            n_iter=n_iter,
            marginal_error=float(np.abs(plan.sum(1) - problem.p).sum()),
            duals=duals,
        )
