"""Derivatives of an optimal objective in the weights: the duals of its last linear problem."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logsumexp

from gwae_pot.problem import SIMPLEX_ITERATIONS, Array, Problem, quiet

ROUNDS = 20
"""Sinkhorn updates that remove what rounding to zero in the coupling left in the potentials."""


def linear_duals(problem: Problem, gradient: Array, log: dict[str, Any]) -> tuple[Array, Array]:
    """The network simplex's potentials, (n,) and (m,), of a linear problem with the cost given.

    A point without weight, which the simplex did not see, has the largest feasible potential.

    Args:
        problem: The problem.
        gradient: Cost of the linear problem between all points, (n, m).
        log: POT's log; a partial problem's potentials end with those of its dummy points.
    """
    rows, cols = problem.rows, problem.cols
    u, v = np.asarray(log["u"]), np.asarray(log["v"])
    f = (gradient[:, cols] - v[: len(cols)]).min(1)
    g = (gradient[rows] - u[: len(rows), None]).min(0)
    if len(v) > len(cols):  # mass may also go to a dummy point, at no cost
        f = np.minimum(f, -v[len(cols) :].max())
        g = np.minimum(g, -u[len(rows) :].max())
    f[rows], g[cols] = u[: len(rows)], v[: len(cols)]
    return f, g


def simplex_duals(problem: Problem, gradient: Array) -> tuple[Array, Array]:
    """Potentials, (n,) and (m,), of the linear problem with the cost given, (n, m), solved here."""
    import ot

    _, _, p, q = problem.supported
    cost = np.ascontiguousarray(gradient[np.ix_(problem.rows, problem.cols)])
    with quiet():
        _, log = ot.emd(p, q, cost, numItermax=SIMPLEX_ITERATIONS, log=True)
    return linear_duals(problem, gradient, log)


def entropic_duals(problem: Problem, plan: Array, epsilon: float) -> tuple[Array, Array]:
    """Potentials f, g with T = p q exp((f + g - C) / epsilon), C the gradient at T: (n,), (m,)."""
    cost = problem.gradient(plan)
    with np.errstate(divide="ignore"):
        log_p, log_q = np.log(problem.p), np.log(problem.q)
        # one row of the coupling gives g up to a constant, wherever it was not rounded to zero
        row = int(np.argmax(plan.min(1) if plan.all() else problem.p))
        smallest = np.finfo(np.float64).tiny
        g = cost[row] + epsilon * (np.log(np.maximum(plan[row], smallest)) - log_q)
    g = np.where(np.isfinite(g), g, 0.0)
    f = g
    for _ in range(ROUNDS):
        f = -epsilon * logsumexp((g - cost) / epsilon + log_q, axis=1)
        g = -epsilon * logsumexp((f[:, None] - cost) / epsilon + log_p[:, None], axis=0)
    return f, g
