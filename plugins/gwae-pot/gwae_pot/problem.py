"""The problem as POT wants it, in float64 on the CPU, and the result as gwae-core wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from warnings import catch_warnings, simplefilter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.interfaces import Estimator
from gwae_core.sharding import solved_once
from gwae_core.spaces import GWResult, MMSpace
from gwae_pot.value import plan_value

Array = NDArray[np.float64]
Found = TypeVar("Found")

SIMPLEX_ITERATIONS = 10_000_000
"""Bound of the network simplex; POT's own is too small for some thousand points."""


@dataclass(frozen=True)
class Problem:
    """Two spaces as costs and weights, in a unit in which the product coupling has value 1.

    POT compares changes of the objective with absolute tolerances, and its epsilon is absolute, so
    both get a meaning from this unit alone. Points without weight are left out of what POT sees:
    their zeros would end up under logarithms and in divisions.

    Attributes:
        x: Space of n points.
        z: Space of m points.
        costs_x: c_x / sqrt(E), (n, n).
        costs_z: c_z / sqrt(E), (m, m).
        p: Weights, (n,), with sum 1.
        q: Weights, (m,), with sum 1.
        unit: E, the value of the product coupling; 1 where that is 0.
    """

    x: MMSpace
    z: MMSpace
    costs_x: Array
    costs_z: Array
    p: Array
    q: Array
    unit: float

    @classmethod
    def of(cls, x: MMSpace, z: MMSpace, *, rho: float, estimator: Estimator) -> Problem:
        """Read two spaces.

        Raises:
            SpaceError: rho is not 2, or points, costs or weights are not valid.
        """
        estimator.require_exponent(rho)
        c_x, c_z = _costs(x.validate()), _costs(z.validate())
        p, q = _weights(x), _weights(z)
        means = (p @ c_x @ p) * (q @ c_z @ q)
        product = float(p @ np.square(c_x) @ p + q @ np.square(c_z) @ q - 2 * means)
        unit = product if product > 0 else 1.0
        return cls(x, z, c_x / unit**0.5, c_z / unit**0.5, p, q, unit)

    @property
    def rows(self) -> NDArray[np.intp]:
        """Indices of x's points with weight."""
        return np.flatnonzero(self.p)

    @property
    def cols(self) -> NDArray[np.intp]:
        """Indices of z's points with weight."""
        return np.flatnonzero(self.q)

    @property
    def supported(self) -> tuple[Array, Array, Array, Array]:
        """Costs and weights of the points with weight: what POT is given."""
        rows, cols = self.rows, self.cols
        c_x, c_z = self.costs_x[np.ix_(rows, rows)], self.costs_z[np.ix_(cols, cols)]
        return c_x, c_z, self.p[rows], self.q[cols]

    def whole(self, plan: Array) -> Array:
        """A coupling of the points with weight as one of all points, (n, m)."""
        full = np.zeros((len(self.p), len(self.q)))
        full[np.ix_(self.rows, self.cols)] = plan
        return full

    def gradient(self, plan: Array) -> Array:
        """2 sum_jl |c_x(i,j) - c_z(k,l)|^2 T_jl of a coupling of all points, (n, m)."""
        own = np.square(self.costs_x) @ plan.sum(1)
        other = np.square(self.costs_z) @ plan.sum(0)
        cross = self.costs_x @ plan @ self.costs_z
        return np.asarray(2 * (own[:, None] + other[None, :]) - 4 * cross)

    @property
    def weights_learn(self) -> bool:
        """Whether a gradient in weights is asked for."""
        weights = (self.x.weights, self.z.weights)
        asked = any(w is not None and w.requires_grad for w in weights)
        return asked and torch.is_grad_enabled()

    def marginal_error(self, plan: Array) -> float:
        """|T 1 - p|_1 + |T^T 1 - q|_1."""
        return float(np.abs(plan.sum(1) - self.p).sum() + np.abs(plan.sum(0) - self.q).sum())

    def plan_tensor(self, plan: Array) -> Tensor:
        """The coupling like the points: (n, m)."""
        return torch.from_numpy(plan).to(self.x.like)

    def result(
        self,
        plan: Array,
        *,
        converged: bool,
        n_iter: int,
        marginal_error: float,
        duals: tuple[Array, Array] | None = None,
        share: float = 1.0,
        other: Tensor | float = 0.0,
    ) -> GWResult:
        """The result of a coupling of all points.

        Args:
            plan: The coupling, (n, m), held fixed.
            converged: Whether POT's stopping rule was met.
            n_iter: Iterations of the outer loop.
            marginal_error: How far the marginals that should be held are missed.
            duals: Derivatives of the optimal objective, in units of E, in the weights: (n,), (m,);
                up to a constant each, which weights of a fixed sum do not see.
            share: Factor of the value in the objective.
            other: What else the objective holds.
        """
        fixed = self.plan_tensor(plan)
        value = plan_value(self.x, self.z, fixed)
        objective = share * value + other
        if duals is not None:
            for space, dual in zip((self.x, self.z), duals, strict=True):
                if space.weights is not None and space.weights.requires_grad:
                    mass = space.mass
                    slope = torch.from_numpy(self.unit * dual).to(mass)
                    # zero itself, so that only the derivative is added
                    objective = objective + (mass - mass.detach()) @ slope
        return GWResult(value, objective, fixed, converged, n_iter, marginal_error)


def _costs(space: MMSpace) -> Array:
    costs = space.d.detach().to(device="cpu", dtype=torch.float64).numpy()
    if not np.isfinite(costs).all():  # of valid points too, where they are far or the cost is odd
        raise SpaceError(
            "the ground costs hold NaN or inf",
            hint="look at the cost function, or scale the points down",
        )
    # POT's gradient takes a symmetric matrix; a Gram matrix is symmetric up to rounding
    return np.asarray((costs + costs.T) / 2)


def _weights(space: MMSpace) -> Array:
    mass = space.mass.detach().to(device="cpu", dtype=torch.float64).numpy()
    return np.asarray(mass / mass.sum())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep POT's warnings away: what they say is in the result's ``converged``."""
    with catch_warnings(), np.errstate(all="ignore"):
        simplefilter("ignore")
        yield


def solved(solve: Callable[[], Found]) -> Found:
    """What POT finds, without its warnings; of several processes, one calls it for all."""
    with quiet():
        return solved_once(solve)


def descended(log: dict[str, Any], *, tolerance: float, max_iter: int) -> tuple[bool, int]:
    """Whether a conditional gradient met its stopping rule, and its number of steps."""
    loss = [float(value) for value in log["loss"]]
    steps = len(loss) - 1
    change = abs(loss[-1] - loss[-2])
    stopped = steps < max_iter or change < tolerance * max(1.0, abs(loss[-1]))
    # the network simplex says so where it was stopped early
    return stopped and log.get("warning") is None and bool(np.isfinite(loss[-1])), steps
