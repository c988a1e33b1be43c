"""Lower bounds of the Gromov-Wasserstein value (Mémoli, 2011)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.sharding import solved_once
from gwae_core.solvers.assignment import solve_linear
from gwae_core.solvers.lift import to_numpy
from gwae_core.solvers.line import ascending, monotone
from gwae_core.spaces import GWResult, MMSpace, SparsePlan

Bound = Literal["first", "second", "third"]


def lower_bound(x: MMSpace, z: MMSpace, *, kind: Bound = "second") -> GWResult:
    """Bound GW from below by one-dimensional transport of what each space shows of its distances.

    ``first``: root mean squares of each point's distances, O(n^2). ``second``: the distribution of
    all distances, O(n^2 log n).
    ``third``: min over couplings of E_T[W(c_x(i, .), c_z(k, .))], where
    W is the squared 2-Wasserstein distance of the distances that i and k see, O(n^3); it is at
    least as large as the other two. All are zero on isometric spaces and invariant under isometry.

    Args:
        x: Space of n points.
        z: Space of m points.
        kind: ``first``, ``second`` or ``third``.

    Returns:
        The bound, differentiable; ``third`` has the coupling it found.

    Raises:
        SpaceError: For any other kind.
    """
    shape = (x.n, z.n)
    (x, kept_x), (z, kept_z) = x.supported(), z.supported()
    p = None if x.weights is None else x.mass
    q = None if z.weights is None else z.mass
    if kind == "first":
        seen_x = _root(x.d.square() @ x.mass)
        seen_z = _root(z.d.square() @ z.mass)
        value = _wasserstein(seen_x[None], seen_z[None], p, q)[0]
        return GWResult(value, value, None, True, 1, 0.0)
    if kind == "second":
        pairs_p = None if p is None else torch.outer(p, p).flatten()
        pairs_q = None if q is None else torch.outer(q, q).flatten()
        value = _wasserstein(x.d.reshape(1, -1), z.d.reshape(1, -1), pairs_p, pairs_q)[0]
        return GWResult(value, value, None, True, 1, 0.0)
    if kind == "third":
        result = _third(x, z, p, q)
        plan = result.plan
        if isinstance(plan, SparsePlan) and (kept_x is not None or kept_z is not None):
            rows = plan.rows if kept_x is None else kept_x[plan.rows]
            cols = plan.cols if kept_z is None else kept_z[plan.cols]
            return replace(result, plan=SparsePlan(rows, cols, plan.mass, shape))
        return result
    raise SpaceError(f"unknown lower bound {kind!r}; allowed: first, second, third")


def _root(squares: Tensor) -> Tensor:
    # a single point sees no distance: the root there gets a zero gradient
    positive = squares > 0
    return torch.where(positive, torch.where(positive, squares, 1.0).sqrt(), 0.0)


def _wasserstein(x: Tensor, z: Tensor, p: Tensor | None, q: Tensor | None) -> Tensor:
    """Squared 2-Wasserstein distances of L pairs of distributions on the line, (L,)."""
    sorted_x, p = ascending(x, p)
    sorted_z, q = ascending(z, q)
    atoms = monotone(sorted_x, sorted_z, p, q)
    return atoms.mean((atoms.x - atoms.z).square())


def _third(x: MMSpace, z: MMSpace, p: Tensor | None, q: Tensor | None) -> GWResult:
    with torch.no_grad():
        cost = _local_costs(x.d, z.d, p, q)
        mass_x, mass_z = (to_numpy(s.mass, torch.float64) for s in (x, z))
        needs_duals = any(s.weights is not None and s.weights.requires_grad for s in (x, z))
        vertex = solved_once(
            lambda: solve_linear(to_numpy(cost, torch.float64), mass_x, mass_z, duals=needs_duals)
        )
        found = vertex.plan
        device = x.like.device
        rows, cols = (torch.from_numpy(i).to(device) for i in (found.rows, found.cols))
        mass = torch.from_numpy(found.mass).to(x.like)
        plan = SparsePlan(rows, cols, mass, (x.n, z.n), found.ordered)
    # the coupling is optimal, so it is held fixed: only the pairs in it are differentiated
    value = mass @ _wasserstein(x.d[rows], z.d[cols], p, q)
    for space, dual in ((x, vertex.f), (z, vertex.g)):
        if dual is not None and space.weights is not None and space.weights.requires_grad:
            weights = space.mass
            value = value + (weights - weights.detach()) @ torch.from_numpy(dual).to(weights)
    error = plan.marginal_error(x.mass.detach(), z.mass.detach())
    return GWResult(value, value, plan, True, 1, error)


def _local_costs(d_x: Tensor, d_z: Tensor, p: Tensor | None, q: Tensor | None) -> Tensor:
    """W(c_x(i, .), c_z(k, .)) for all i and k, (n, m)."""
    n, m = len(d_x), len(d_z)
    if p is None and q is None:
        sorted_x, sorted_z = d_x.sort(1).values, d_z.sort(1).values
        atoms = monotone(sorted_x[:1], sorted_z[:1], p, q)
        if atoms.rows is not None and atoms.cols is not None:
            weight = atoms.mass[0].sqrt()
            sorted_x, sorted_z = sorted_x[:, atoms.rows[0]], sorted_z[:, atoms.cols[0]]
            sorted_x, sorted_z = sorted_x * weight, sorted_z * weight
        else:
            sorted_x, sorted_z = sorted_x / n**0.5, sorted_z / n**0.5
        squares = sorted_x.square().sum(1)[:, None] + sorted_z.square().sum(1)[None, :]
        return (squares - 2 * sorted_x @ sorted_z.T).clamp(min=0)
    sorted_z, q_sorted = ascending(d_z, q)
    rows = []
    for i in range(n):
        sorted_x, p_sorted = ascending(d_x[i : i + 1], p)
        repeated = None if p_sorted is None else p_sorted.expand(m, -1)
        atoms = monotone(sorted_x.expand(m, -1), sorted_z, repeated, q_sorted)
        rows.append(atoms.mean((atoms.x - atoms.z).square()))
    return torch.stack(rows)
