"""The unregularised problem, by POT's conditional gradient."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import PositiveFloat, PositiveInt

from gwae_core import Estimator, GWResult, MMSpace
from gwae_pot.duals import linear_duals
from gwae_pot.problem import SIMPLEX_ITERATIONS, Problem, descended, solved


class POTExact(Estimator):
    """Local optimum of the unregularised problem, by POT's conditional gradient.

    min_T sum |c_x - c_z|^2 T T over couplings, from the product coupling, each step an exact linear
    problem and an exact line search (Vayer, Chapel et al., 2019). Any ground cost, weights and
    sizes; time O(n^3) a step, in float64 on the CPU. Weights get the dual potentials of the last
    linear problem as gradient.
    """

    class Config(Estimator.Config):
        """Parameters of the solver."""

        type: Literal["pot-exact"] = "pot-exact"
        max_iter: PositiveInt = 10_000
        """Steps of the conditional gradient at most."""
        tolerance: PositiveFloat = 1e-9
        """Change of the objective below which the solver stops, relative to itself or to the value
        of the product coupling."""

    config: Config

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """Solve; the plan is dense.

        Raises:
            SpaceError: rho is not 2, or costs or weights hold NaN or inf.
        """
        from ot.gromov import gromov_wasserstein

        config = self.config
        problem = Problem.of(x, z, rho=rho, estimator=self)
        found, log = solved(
            lambda: gromov_wasserstein(
                *problem.supported,
                symmetric=True,
                log=True,
                max_iter=config.max_iter,
                tol_rel=config.tolerance,
                tol_abs=config.tolerance,
                numItermaxEmd=SIMPLEX_ITERATIONS,
            )
        )
        converged, n_iter = descended(log, tolerance=config.tolerance, max_iter=config.max_iter)
        plan = problem.whole(found)
        duals = None
        if problem.weights_learn:
            duals = linear_duals(problem, problem.gradient(plan), log)
        return problem.result(
            plan,
            converged=converged,
            n_iter=n_iter,
            marginal_error=problem.marginal_error(plan),
            duals=duals,
        )
