"""The linear step: an optimal coupling for a given cost, with near-optimal duals as a start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from gwae_core.solvers.forms import Array, Entries


@dataclass(frozen=True)
class Vertex:
    """An optimal vertex of the transport polytope.

    Attributes:
        plan: The coupling, with at most n + m - 1 entries.
        f: Dual potentials, (n,), or None where the assignment keeps none.
        g: Dual potentials, (m,), or None.
    """

    plan: Entries
    f: Array | None
    g: Array | None


def is_uniform(p: Array, q: Array) -> bool:
    """Whether a vertex is a permutation: equal sizes and all weights equal."""
    return len(p) == len(q) and bool(np.ptp(p) <= 1e-6 * p[0] and np.ptp(q) <= 1e-6 * q[0])


def permutation_plan(sigma: Array, dtype: np.dtype[Any]) -> Entries:
    """The coupling i -> sigma(i) with mass 1/n each, (n, n)."""
    n = len(sigma)
    return Entries(np.arange(n), sigma, np.full(n, 1.0 / n, dtype), (n, n), ordered=True)


def solve_linear(
    cost: Array,
    p: Array,
    q: Array,
    *,
    f: Array | None = None,
    g: Array | None = None,
    duals: bool = False,
) -> Vertex:
    """Minimise <C, T> over the couplings of p and q, exactly.

    Uniform weights of equal sizes take an assignment on C - f - g: where f and g are nearly optimal
    most rows meet their partner at once, 5 to 10 times faster than from C. All else takes POT's
    network simplex with the duals as its start.

    Args:
        cost: C, (n, m).
        p: Weights, (n,).
        q: Weights, (m,), of the same sum.
        f: Duals, (n, 1), to start from.
        g: Duals, (1, m), to start from.
        duals: Whether the optimal duals are asked for; the assignment cannot give them.
    """
    if not duals and is_uniform(p, q):
        reduced = cost if f is None else cost - f
        reduced = reduced if g is None else reduced - g
        _, sigma = linear_sum_assignment(reduced)
        return Vertex(permutation_plan(sigma, cost.dtype), None, None)

    import ot

    weights_p, weights_q = p.astype(np.float64), q.astype(np.float64)
    # POT's network simplex prices its artificial arcs by the largest cost: none may be negative
    lowest = float(cost.min())
    start = None
    if f is not None and g is not None:
        start = (f.ravel().astype(np.float64) - lowest, g.ravel().astype(np.float64))
    plan, log = ot.emd(
        weights_p / weights_p.sum(),
        weights_q / weights_q.sum(),
        cost.astype(np.float64) - lowest,
        numItermax=10_000_000,
        log=True,
        potentials_init=start,
    )
    entries = Entries.of_dense(plan.astype(cost.dtype))
    return Vertex(entries, np.asarray(log["u"]) + lowest, np.asarray(log["v"]))
