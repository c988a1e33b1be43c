"""Large problems: a coarse solve carried to all points, by blocks of costs."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from gwae_core.solvers import compiled
from gwae_core.solvers.anneal import Annealed
from gwae_core.solvers.assignment import permutation_plan
from gwae_core.solvers.descent import Descent
from gwae_core.solvers.forms import Array, LiftedForm
from gwae_core.solvers.lazy import LazyCost

TEMPERATURES = np.geomspace(0.02, 0.001, 12)
"""Annealing with all points, in units of E(product coupling)."""

INNER = 3
"""Sinkhorn iterations at each of them; fewer let marginals and Gamma drift apart."""

ENDS = (1e-4, 1e-4, 1e-5)
"""Precision of the first linear steps and of all that follow, in the same units."""

SETTLED = 1e-5
"""What a step at the last precision must improve the objective by to be followed by another."""

NEAR = 1e-3
"""Squared distance of nearest neighbours, in units of the mean squared norm, of near copies."""


def descend_large(form: LiftedForm, coarse: Annealed, subset: Array, *, steps: int) -> Descent:
    """Carry a coarse solution to all points, and take linear steps.

    Gamma and the potentials of the coarse problem start an annealing with all points; spaces that
    nearly coincide in their principal axes start from there too, and the better end is kept. With
    the extra ``fast`` the linear steps are auctions of growing precision, and nothing larger than a
    block of costs is ever stored; without it they are exact assignments on the whole matrix.

    Args:
        form: The whole problem, of n and n points with uniform weights.
        coarse: The annealed solution of the subset.
        subset: The points of either side in it, (2, c).
        steps: Linear steps at most, from each start.

    Returns:
        The coupling; ``converged`` says that a step at the last precision no longer improved it.
    """
    found = []
    if (aligned := _aligned(form)) is not None:
        copy = _linear_steps(form, *aligned, steps)
        product = -8 * float(form.a.mean()) * float(form.b.mean())
        if form.product_value + copy.value - product / 2 <= NEAR * form.product_value:
            return copy
        found.append(copy)
    found.append(_linear_steps(form, *_annealed(form, coarse, subset), steps))
    return min(found, key=lambda descent: descent.value)


def _annealed(form: LiftedForm, coarse: Annealed, subset: Array) -> tuple[Array, Array]:
    """The state, (n, d_z), and column potentials, (n,), after annealing with all points."""
    # rows of X Gamma for all points, by least squares from those of the coarse points
    gamma = np.linalg.lstsq(form.x[subset[0]], coarse.state[0], rcond=None)[0]
    state = np.asarray(form.x @ gamma.astype(form.dtype))
    temperatures = TEMPERATURES * _scale(form)
    near = LazyCost.of(form.restricted(subset[0], np.arange(form.shape[1])), state[subset[0]])
    g, _ = near.transposed.soft_transform(coarse.f[0, :, 0], temperatures[0])
    for epsilon in temperatures:
        cost = LazyCost.of(form, state)
        g = _potentials(cost, g, epsilon, INNER - 1)
        f, met = cost.soft_transform(g, epsilon, form.z)
        g, _ = cost.transposed.soft_transform(f, epsilon)
        state = form.left_of_product(met / met.dtype.type(len(met)))
    return state, g


def _aligned(form: LiftedForm) -> tuple[Array, Array] | None:
    """The state and column potentials where partners lie at the same place in principal axes.

    That is the optimum between isometric copies whose variances all differ. None where the points
    of a sample have no such partners.
    """
    axes_x, axes_z = _principal(form.x), _principal(form.z)
    k = min(axes_x.shape[1], axes_z.shape[1])
    x, z = (np.ascontiguousarray(axes[:, :k], form.dtype) for axes in (axes_x, axes_z))
    norms_x, norms_z = np.square(x).sum(1), np.square(z).sum(1)
    sample = slice(None, None, -(-len(x) // 256))
    to_z = LazyCost(-2 * x[sample], z.T).transform(-norms_z) + norms_x[sample]
    to_x = LazyCost(-2 * z[sample], x.T).transform(-norms_x) + norms_z[sample]
    if max(to_z.mean(), to_x.mean()) > NEAR:
        return None
    sigma, _ = _assign(LazyCost(-2 * x, z.T), -norms_z, np.geomspace(NEAR, 0.01 * NEAR, 5))
    state = form.state_of_plan(permutation_plan(sigma, form.dtype))
    cost = LazyCost.of(form, state)
    g = np.zeros(len(sigma), form.dtype)
    for epsilon in TEMPERATURES[::2] * _scale(form):
        g = _potentials(cost, g, epsilon, 1)
    return state, g


def _principal(points: Array) -> Array:
    """Centred points in their principal axes by falling variance, with positive skewness."""
    _, axes = np.linalg.eigh(points.T.astype(np.float64) @ points)
    turned = points @ axes[:, ::-1]
    return np.asarray(np.where((turned**3).mean(0) < 0, -turned, turned))


def _linear_steps(form: LiftedForm, state: Array, g: Array, steps: int) -> Descent:
    scale = _scale(form)
    best: Array | None = None
    value = np.inf
    converged = False
    for step in range(steps):
        end = ENDS[min(step, len(ENDS) - 1)]
        # costs move less from step to step, so later auctions start nearer to their end
        start = max(0.03 * 0.3 ** max(step - 1, 0), 10 * end)
        epsilons = np.geomspace(start, end, 1 + round(2 * float(np.log10(start / end)))) * scale
        sigma, g = _assign(LazyCost.of(form, state), g, epsilons)
        state = form.state_of_plan(permutation_plan(sigma, form.dtype))
        linear = -4 * float((form.a * form.b[sigma]).mean(dtype=np.float64))
        product = float(np.einsum("ij,ij->i", state, form.z[sigma]).mean(dtype=np.float64))
        new_value = linear - 8 * product
        converged = end == ENDS[-1] and value - new_value <= SETTLED * scale
        if new_value < value:
            best, value = sigma, new_value
        if converged:
            break
    assert best is not None
    return Descent(permutation_plan(best, form.dtype), value, converged, step + 1)


def _assign(cost: LazyCost, g: Array, epsilons: Array) -> tuple[Array, Array]:
    """The column of each row in an optimal assignment, and the potentials of the columns."""
    if compiled.available():
        sigma, g = compiled.auction(cost.rows, cost.columns, g, epsilons)
        return sigma, g.astype(cost.rows.dtype)
    epsilon = float(np.sqrt(epsilons[0] * epsilons[-1]))
    g = _potentials(cost, g, epsilon, 1)
    f, _ = cost.soft_transform(g, epsilon)
    dense = cost.rows @ cost.columns
    dense -= f[:, None]
    dense -= g
    return np.asarray(linear_sum_assignment(dense)[1]), g


def _potentials(cost: LazyCost, g: Array, epsilon: float, iterations: int) -> Array:
    """Column potentials after some Sinkhorn iterations."""
    for _ in range(iterations):
        f, _ = cost.soft_transform(g, epsilon)
        g, _ = cost.transposed.soft_transform(f, epsilon)
    return g


def _scale(form: LiftedForm) -> float:
    return max(form.product_value, 1e-30)
