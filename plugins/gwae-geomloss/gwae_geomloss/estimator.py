"""Entropic Gromov-Wasserstein whose linear problems geomloss solves."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from gwae_core import Estimator, GWResult, MMSpace
from gwae_core.errors import SpaceError
from gwae_core.solvers.moments import moments_of, squared_features
from gwae_geomloss.lifted import solve_lifted
from gwae_geomloss.objective import divergence_of, value_at, weight_gradients


class Geomloss(Estimator):
    """Entropic Gromov-Wasserstein for squared Euclidean costs, by geomloss's Sinkhorn iterations.

    min_T sum |c_x - c_z|^2 T T + epsilon E KL(T | p q^T), with E the value of the product coupling,
    lifted to transport between points (Houry et al., 2026): no matrix of distances is formed, and
    on a GPU with KeOps no coupling either, so that memory is O(n p). The gradient is that of this
    objective at fixed epsilon E. The cosine cost is squared Euclidean on the sphere.
    """

    class Config(Estimator.Config):
        """Parameters of the solver."""

        type: Literal["geomloss"] = "geomloss"
        epsilon: PositiveFloat = 0.05
        """Strength of the regulariser, in units of the value of the product coupling."""
        updates: PositiveInt = 12
        """Linear problems while the regularisation falls from 0.3 to epsilon."""
        max_iter: PositiveInt = 200
        """Linear problems at epsilon at most."""
        annealing: PositiveInt = 20
        """geomloss's iterations in each linear problem."""
        scalings: PositiveInt = 100
        """Iterations that follow them, for the marginals, at most."""
        tolerance: PositiveFloat = 1e-3
        """L1 marginal error, and change of the coupling's exponent, below which the solver
        stops."""
        dense_plan: bool = True
        """Whether the result holds the coupling, (n, m); without it memory is O(n p)."""

    config: Config
    costs: ClassVar[frozenset[str] | None] = frozenset({"sqeuclidean", "cosine"})
    needs_points: ClassVar[bool] = True
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
        """Solve; the plan is dense, or None where ``dense_plan`` is false.

        Points without weight are left out: scalings overflow where such a point is far from all
        others. Their weights get no gradient.

        Raises:
            SpaceError: rho is not 2, a space has no points of a squared Euclidean or cosine cost,
                or points or weights are not valid.
        """
        self.require_exponent(rho)
        config = self.config
        shape = x.n, z.n
        (x, kept_x), (z, kept_z) = x.validate().supported(), z.validate().supported()
        points_x, points_z = self._points(x), self._points(z)
        with torch.no_grad():
            m_x, m_z = moments_of(points_x, x.mass), moments_of(points_z, z.mass)
            product = m_x.self_term + m_z.self_term - 8 * m_x.mean_norm * m_z.mean_norm
        found = solve_lifted(
            m_x,
            m_z,
            product_value=float(product),
            epsilon=config.epsilon,
            updates=config.updates,
            annealing=config.annealing,
            scalings=config.scalings,
            max_iter=config.max_iter,
            tolerance=config.tolerance,
        )
        coupling = found.coupling
        with torch.no_grad():
            seen_x, seen_z = coupling.densities()
            rows, cols = coupling.p * seen_x, coupling.q * seen_z
            mass = rows.sum()
            regulariser = found.epsilon * divergence_of(found, rows, cols, mass)
            plan = None
            if config.dense_plan:
                plan = _grown(coupling.dense() / mass, shape, kept_x, kept_z)
            errors = (rows / mass - coupling.p).abs().sum(), (cols / mass - coupling.q).abs().sum()
        value = value_at(
            moments_of(points_x, rows / mass), moments_of(points_z, cols / mass), coupling, mass
        )
        objective = value + regulariser
        if any(_learns(space) for space in (x, z)):
            with torch.no_grad():
                slopes = weight_gradients(m_x, m_z, found)
            for space, slope in zip((x, z), slopes, strict=True):
                if _learns(space):  # zero itself, so that only the derivative is added
                    objective = objective + (space.mass - space.mass.detach()) @ slope
        return GWResult(
            value=value,
            objective=objective,
            plan=plan,
            converged=found.converged,
            n_iter=found.n_iter,
            marginal_error=float(sum(errors)),
            gamma=found.gamma,
        )

    def _points(self, space: MMSpace) -> Tensor:
        points = squared_features(space)
        if points is None:
            raise SpaceError(
                "the estimator 'geomloss' needs points with the cost sqeuclidean or cosine",
                hint="the estimator entropic takes any cost, and distances",
            )
        return points


def _grown(
    plan: Tensor, shape: tuple[int, int], rows: Tensor | None, cols: Tensor | None
) -> Tensor:
    """The plan of all points, (n, m), from that of the rows and columns that have weight."""
    if rows is not None:
        plan = plan.new_zeros(shape[0], plan.shape[1]).index_copy(0, rows, plan)
    if cols is not None:
        plan = plan.new_zeros(shape).index_copy(1, cols, plan)
    return plan


def _learns(space: MMSpace) -> bool:
    asked = space.weights is not None and space.weights.requires_grad
    return asked and torch.is_grad_enabled()
