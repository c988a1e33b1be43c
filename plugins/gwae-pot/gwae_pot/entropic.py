"""The entropic problem, by POT's projected gradient or proximal point iterations."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from pydantic import PositiveFloat, PositiveInt
from scipy.special import rel_entr

from gwae_core import Estimator, GWResult, MMSpace
from gwae_core.errors import SpaceError
from gwae_pot.duals import entropic_duals, simplex_duals
from gwae_pot.problem import Problem, solved

MASS_LOST = 1e-5
"""Mass that rounding may lose."""


class POTEntropic(Estimator):
    """Entropic Gromov-Wasserstein by POT: Sinkhorn iterations at one epsilon.

    ``pgd``: min_T sum |c_x - c_z|^2 T T + epsilon E KL(T | p q^T), E the value of the product
    coupling (Peyré et al., 2016); the gradient is that of this objective at fixed epsilon E.
    ``ppa``: the same steps with KL(T | last T), which end at a local optimum of the unregularised
    problem (Xu et al., 2019); epsilon is then the inverse of a step length, and the objective is
    the value. POT's Sinkhorn iterations start anew at each step and are not stabilised, so that a
    small epsilon is slow or underflows; core's `entropic` is annealed, stabilised, and runs on any
    device. In float64 on the CPU.
    """

    class Config(Estimator.Config):
        """Parameters of the solver."""

        type: Literal["pot-entropic"] = "pot-entropic"
        epsilon: PositiveFloat = 0.05
        """Strength of the regulariser, in units of the value of the product coupling."""
        method: Literal["pgd", "ppa"] = "pgd"
        """Projected gradient, or proximal point, which removes the regulariser."""
        max_iter: PositiveInt = 200
        """Steps at most."""
        sinkhorn_max_iter: PositiveInt = 200
        """Sinkhorn iterations in each step at most."""
        tolerance: PositiveFloat = 1e-6
        """Euclidean norms of the change of the coupling and of the marginals' errors below which
        the solver stops."""

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
        """Solve; the plan is dense.

        Raises:
            SpaceError: rho is not 2, costs or weights hold NaN or inf, or epsilon is too small for
                POT's Sinkhorn iterations.
        """
        from ot.gromov import entropic_gromov_wasserstein

        config = self.config
        problem = Problem.of(x, z, rho=rho, estimator=self)
        found, log = solved(
            lambda: entropic_gromov_wasserstein(
                *problem.supported,
                epsilon=config.epsilon,
                symmetric=True,
                max_iter=config.max_iter,
                tol=config.tolerance,
                solver=config.method.upper(),
                log=True,
                numItermax=config.sinkhorn_max_iter,
                stopThr=config.tolerance,
            )
        )
        # one marginal is exact after each iteration, so that mass is lost by underflow alone
        if not abs(found.sum() - 1) < MASS_LOST:
            raise SpaceError(
                f"POT's Sinkhorn iterations underflowed at epsilon {config.epsilon:g}",
                hint="take a larger epsilon, or the estimator entropic, which is stabilised",
            )
        plan = problem.whole(found)
        row_error, col_error = plan.sum(1) - problem.p, plan.sum(0) - problem.q
        errors = [*log["err"][-1:], np.linalg.norm(row_error), np.linalg.norm(col_error)]
        # POT looks at the change in every tenth step alone, the first one included
        stopped = log["err"][-1] <= config.tolerance
        n_iter = 10 * (len(log["err"]) - 1) + 1 if stopped else config.max_iter
        regulariser, duals = 0.0, None
        if config.method == "pgd":
            divergence = rel_entr(plan, np.outer(problem.p, problem.q)).sum()
            regulariser = config.epsilon * problem.unit * float(divergence)
        if problem.weights_learn and config.method == "pgd":
            duals = entropic_duals(problem, plan, config.epsilon)
        elif problem.weights_learn:  # the limit is an optimum of the unregularised problem
            duals = simplex_duals(problem, problem.gradient(plan))
        return problem.result(
            plan,
            converged=bool(max(errors) <= config.tolerance),
            n_iter=n_iter,
            marginal_error=problem.marginal_error(plan),
            duals=duals,
            other=regulariser,
        )
