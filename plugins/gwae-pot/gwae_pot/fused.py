"""The fused problem, which adds a cost between features of the points."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from gwae_core import BuildContext, Estimator, GWResult, MMSpace
from gwae_core.errors import SpaceError
from gwae_pot.duals import linear_duals
from gwae_pot.features import pair_costs, profile_costs
from gwae_pot.problem import SIMPLEX_ITERATIONS, Problem, descended, solved

ROWS_BELONG_TOGETHER = frozenset(
    {
        "permutation_invariance",
        "zero_on_isometric_copies",
        "marginals",
        "one_point",
        "unequal_sizes",
    }
)
"""Laws of spaces whose points have no partners: they do not hold for ``pairs``."""


class POTFused(Estimator):
    """Fused Gromov-Wasserstein: structure and a cost between features, by POT.

    min_T alpha sum |c_x - c_z|^2 T T + (1 - alpha) sum M T over couplings, by conditional gradient
    (Vayer, Chapel et al., 2019). Data and codes live in different spaces, so M comes from what both
    sides have, in the unit of the first term:

    - ``profiles``: each point's feature is the distribution of its distances to all points, and M
      the squared 2-Wasserstein distance of two of them, the cost of Mémoli's third lower bound. It
      needs no correspondence and keeps the invariances of GW: for ``compare: data``, and all else.
    - ``pairs``: row i of both spaces belongs together, and M_ik = c_x(i, k)^2. The less alpha, the
      more the coupling keeps to the identity, between `pot-exact` and `paired`: for ``compare:
      posterior`` and ``generated``; in ``data`` rows are unrelated and it means nothing.

    In Python, ``feature_cost`` is a matrix of the user's own. ``value`` is the first sum alone,
    ``objective`` what was minimised. Time O(n^3) a step, in float64 on the CPU.
    """

    class Config(Estimator.Config):
        """Parameters of the problem and of the solver."""

        type: Literal["pot-fused"] = "pot-fused"
        alpha: float = Field(0.5, gt=0, le=1)
        """Share of the Gromov-Wasserstein term; 1 is `pot-exact`."""
        features: Literal["profiles", "pairs"] = "profiles"
        """What the linear cost compares: distributions of distances, or the rows' own numbers."""
        num_quantiles: PositiveInt = 64
        """Quantiles that stand for a distribution of distances."""
        max_iter: PositiveInt = 10_000
        """Steps of the conditional gradient at most."""
        tolerance: PositiveFloat = 1e-9
        """Change of the objective below which the solver stops, relative to itself or to the value
        of the product coupling."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        if config.features == "pairs":
            self.exempt_from = ROWS_BELONG_TOGETHER

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
        feature_cost: Tensor | None = None,
    ) -> GWResult:
        """Solve; the plan is dense.

        Args:
            x: Space of n points.
            z: Space of m points.
            rho: 2.
            generator: Not used.
            feature_cost: M, (n, m), in place of the configured one; differentiable.

        Raises:
            SpaceError: rho is not 2, costs or weights hold NaN or inf, M has the wrong shape, or
                ``pairs`` got unequal sizes.
        """
        from ot.gromov import fused_gromov_wasserstein

        config = self.config
        problem = Problem.of(x, z, rho=rho, estimator=self)
        features = self._features(x, z) if feature_cost is None else feature_cost
        if features.shape != (x.n, z.n):
            raise SpaceError(f"feature_cost must be ({x.n}, {z.n}), got {tuple(features.shape)}")
        if not bool(torch.isfinite(features).all()):
            raise SpaceError("feature_cost holds NaN or inf")
        linear = features.detach().to(device="cpu", dtype=torch.float64).numpy() / problem.unit
        found, log = solved(
            lambda: fused_gromov_wasserstein(
                linear[problem.rows][:, problem.cols],
                *problem.supported,
                symmetric=True,
                alpha=config.alpha,
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
            gradient = config.alpha * problem.gradient(plan) + (1 - config.alpha) * linear
            duals = linear_duals(problem, gradient, log)
        return problem.result(
            plan,
            converged=converged,
            n_iter=n_iter,
            marginal_error=problem.marginal_error(plan),
            duals=duals,
            share=config.alpha,
            other=(1 - config.alpha) * (features.to(x.like) * problem.plan_tensor(plan)).sum(),
        )

    def _features(self, x: MMSpace, z: MMSpace) -> Tensor:
        if self.config.features == "pairs":
            return pair_costs(x, z)
        return profile_costs(x, z, num_quantiles=self.config.num_quantiles)
