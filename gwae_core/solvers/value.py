"""The Gromov-Wasserstein objective at a fixed coupling, differentiable."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from gwae_core.errors import SpaceError
from gwae_core.solvers.moments import moments_of, squared_features, squared_value
from gwae_core.spaces import MMSpace, SparsePlan, blocks_of

WHOLE = 4_000
"""Entries of a coupling up to which all distances between them are held at once."""


def distortion(
    x: MMSpace,
    z: MMSpace,
    plan: Tensor | SparsePlan | None = None,
    *,
    rho: float = 2.0,
    exclude_diagonal: bool = False,
) -> Tensor:
    """The objective sum_ijkl |c_x(i,j) - c_z(k,l)|^rho T_ik T_jl at a given coupling.

    Without a coupling, x_i is paired with z_i: the loss of the paper (Nakagawa et al., 2023), in
    O(n^2 p) time and O(n^2 + n p) memory; the weights are then those of ``x``, or of ``z`` where
    ``x`` has none.

    Args:
        x: Space of n points.
        z: Space of m points.
        plan: Coupling, (n, m), held fixed; None for the identity.
        rho: Exponent, positive.
        exclude_diagonal: Average over pairs i != j, which the identity coupling alone allows: the
            pairs i = j contribute nothing and bias the mean by (n - 1) / n.

    Returns:
        The value, 0-d.

    Raises:
        SpaceError: Where sizes do not fit, or the diagonal is excluded from a coupling other than
            the identity.
    """
    if plan is None:
        return _paired(x, z, rho, exclude_diagonal)
    if exclude_diagonal:
        raise SpaceError(
            "the diagonal can be excluded from the identity coupling alone",
            hint="leave out plan=, or leave exclude_diagonal at False",
        )
    if tuple(plan.shape) != (x.n, z.n):
        raise SpaceError(f"the coupling must be ({x.n}, {z.n}), got {tuple(plan.shape)}")
    if isinstance(plan, SparsePlan):
        return fixed_plan_value(x, z, plan) if rho == 2 else _entries_value(x, z, plan, rho)
    if rho == 2:
        p, q = plan.sum(1), plan.sum(0)
        cross = (x.d @ plan @ z.d * plan).sum()
        return p @ x.d.square() @ p + q @ z.d.square() @ q - 2 * cross
    rows, cols = plan.nonzero(as_tuple=True)
    entries = SparsePlan(rows, cols, plan[rows, cols], (x.n, z.n))
    return _entries_value(x, z, entries, rho)


def _paired(x: MMSpace, z: MMSpace, rho: float, exclude_diagonal: bool) -> Tensor:
    if x.n != z.n:
        raise SpaceError(
            f"the identity coupling pairs equal sizes, got {x.n} and {z.n} points",
            hint="take an estimator that solves for the coupling, such as exact",
        )
    gap = _power(x.d - z.d, rho)
    weighted = x if x.weights is not None else z
    if weighted.weights is None:
        pairs = x.n * (x.n - 1) if exclude_diagonal else x.n**2
        return gap.sum() / max(pairs, 1)
    mass = weighted.mass
    total = mass @ gap @ mass
    if not exclude_diagonal:
        return total
    off_diagonal = 1 - mass.square().sum()
    return total / off_diagonal.clamp(min=torch.finfo(mass.dtype).eps)


def _power(gap: Tensor, rho: float) -> Tensor:
    if rho == 2:
        return gap.square()
    return gap.abs() if rho == 1 else gap.abs().pow(rho)


def fixed_plan_value(x: MMSpace, z: MMSpace, plan: SparsePlan) -> Tensor:
    """The objective for rho = 2 at a sparse coupling, held fixed with its marginals."""
    points_x, points_z = squared_features(x), squared_features(z)
    if points_x is None or points_z is None:
        return _entries_value(x, z, plan, 2.0)
    p, q = plan.marginals()
    return squared_value(moments_of(points_x, p), moments_of(points_z, q), plan)


def _entries_value(x: MMSpace, z: MMSpace, plan: SparsePlan, rho: float) -> Tensor:
    if len(plan.mass) > WHOLE:
        return _value_by_blocks(x, z, plan, rho)
    d_x = x.d if plan.rows_in_order else x.d[plan.rows][:, plan.rows]
    gap = d_x - z.d[plan.cols][:, plan.cols]  # (k, k)
    return plan.mass @ _power(gap, rho) @ plan.mass


def _value_by_blocks(x: MMSpace, z: MMSpace, plan: SparsePlan, rho: float) -> Tensor:
    # each block is computed again in the backward pass, so that none is kept
    def part(entries: slice) -> Tensor:
        d_x = x.block(plan.rows[entries], plan.rows)
        gap = d_x - z.block(plan.cols[entries], plan.cols)
        return plan.mass[entries] @ _power(gap, rho) @ plan.mass

    count = len(plan.mass)
    parts = [checkpoint(part, entries, use_reentrant=False) for entries in blocks_of(count, count)]
    return torch.stack(parts).sum()


def with_weight_gradient(value: Tensor, x: MMSpace, z: MMSpace, plan: SparsePlan) -> Tensor:
    """Add what differentiates an optimal value in the weights, and is zero itself.

    The objective is p^T c_x^2 p + q^T c_z^2 q plus a minimum over couplings of p and q, whose
    gradient is the dual potentials of the linear problem with the cost -4 c_x T c_z.
    """
    terms = [s.mass for s in (x, z) if s.weights is not None and s.weights.requires_grad]
    if not terms or not torch.is_grad_enabled():
        return value
    from gwae_core.solvers.assignment import solve_linear
    from gwae_core.solvers.lift import to_numpy

    with torch.no_grad():
        d_x, d_z = x.d.double(), z.d.double()
        cost = -4 * (d_x @ plan.dense().double() @ d_z)
        p, q = x.mass.double(), z.mass.double()
        vertex = solve_linear(
            to_numpy(cost, torch.float64),
            to_numpy(p, torch.float64),
            to_numpy(q, torch.float64),
            duals=True,
        )
        gradients = []
        for d, mass, dual in ((d_x, p, vertex.f), (d_z, q, vertex.g)):
            assert dual is not None
            gradients.append(2 * (d.square() @ mass) + torch.from_numpy(dual).to(d.device))
    for space, gradient in zip((x, z), gradients, strict=True):
        if space.weights is not None and space.weights.requires_grad:
            mass = space.mass
            value = value + (mass - mass.detach()) @ gradient.to(mass.dtype)
    return value
