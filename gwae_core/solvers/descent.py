"""Conditional gradient: exact linear steps from a coupling down to a local optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gwae_core.solvers.anneal import anneal
from gwae_core.solvers.assignment import Vertex, solve_linear
from gwae_core.solvers.forms import Array, Entries, QuadraticForm, energy


@dataclass(frozen=True)
class Descent:
    """Where a descent ended.

    Attributes:
        plan: The coupling, (n, m).
        value: Q(plan), without the terms that the marginals fix.
        converged: Whether no linear step improves it.
        n_iter: Linear problems solved.
    """

    plan: Entries
    value: float
    converged: bool
    n_iter: int


def descend(
    form: QuadraticForm,
    p: Array,
    q: Array,
    plan: Entries,
    *,
    max_steps: int,
    g: Array | None = None,
    temperatures: tuple[float, ...] = (),
) -> Descent:
    """Take exact linear steps with exact line search until none improves Q.

    Conditional gradient (Vayer, Chapel et al., 2019). For costs of conditionally negative type Q is
    concave over couplings, every step is a full one and the end is a vertex; for others a step may
    stop on the way.

    Args:
        form: The quadratic form Q.
        p: Weights, (n,).
        q: Weights, (m,).
        plan: The coupling to start from, (n, m).
        max_steps: Linear problems at most.
        g: Duals, (1, 1, m), near-optimal for C(plan), which make the steps warm.
        temperatures: Epsilons of a few Sinkhorn iterations that renew them at each step; none
            leaves them as they are.
    """
    state = form.state_of_plan(plan)
    cost = form.cost(state[None])[0]
    value = form.value(cost, plan)
    # below this a change is rounding: the form's scale times the precision of its entries
    rounding = 8 * float(np.finfo(form.dtype).eps) * abs(value)
    for step in range(max_steps):
        vertex, g = _linear_step(form, state, cost, p, q, g, temperatures)
        slope = energy(cost, vertex.plan) - energy(cost, plan)  # d/dt Q(T + t (S - T)) at 0
        if slope >= -rounding:
            return Descent(plan, value, True, step + 1)
        vertex_state = form.state_of_plan(vertex.plan)
        vertex_cost = form.cost(vertex_state[None])[0]
        vertex_value = form.value(vertex_cost, vertex.plan)
        curvature = vertex_value - value - slope  # Q(S - T)
        length = 1.0 if curvature <= 0 else min(1.0, -slope / (2 * curvature))
        if length == 1.0:
            plan, state, cost, new_value = vertex.plan, vertex_state, vertex_cost, vertex_value
        else:
            plan = plan.mixed(vertex.plan, length)
            state = state + form.dtype.type(length) * (vertex_state - state)
            cost = cost + form.dtype.type(length) * (vertex_cost - cost)
            new_value = value + length * slope + length**2 * curvature
        improved = value - new_value
        value = new_value
        if improved <= rounding:
            return Descent(plan, value, True, step + 1)
    return Descent(plan, value, False, max_steps)


def _linear_step(
    form: QuadraticForm,
    state: Array,
    cost: Array,
    p: Array,
    q: Array,
    g: Array | None,
    temperatures: tuple[float, ...],
) -> tuple[Vertex, Array | None]:
    if g is None or not temperatures:
        return solve_linear(cost, p, q, g=None if g is None else g[0]), g
    warm = anneal(form, p, q, state[None], epsilons=temperatures, inner=4, g=g, update=False)
    return solve_linear(cost, p, q, f=warm.f[0], g=warm.g[0]), warm.g
