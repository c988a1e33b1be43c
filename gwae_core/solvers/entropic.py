"""Entropic Gromov-Wasserstein, annealed, in torch: on any device."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.sharding import solved_once
from gwae_core.solvers.moments import moments_of, squared_features, squared_value
from gwae_core.solvers.value import distortion
from gwae_core.spaces import GWResult, MMSpace

INNER = 4
"""Sinkhorn iterations at each temperature of the annealing."""
MAX_INNER = 100
"""Sinkhorn iterations at most between two updates at the final temperature."""
PATIENCE = 16
"""Sinkhorn iterations after which every other one is a Newton step."""
SETTLED = 0.005
"""Change of the coupling (L1) below which the outer iteration has momentum; sooner, it can carry
the iteration over into a poorer local optimum."""
LATEST = 50
"""Outer iterations at the final temperature after which it has momentum in any case."""
MOMENTUM = 0.97
"""Momentum at most."""


def entropic_gw(
    x: MMSpace,
    z: MMSpace,
    *,
    epsilon: float = 0.05,
    max_iter: int = 500,
    tol: float = 1e-5,
    start: Tensor | None = None,
) -> GWResult:
    """Minimise sum |c_x - c_z|^2 T T + epsilon E KL(T | p q^T) over couplings (Peyré et al., 2016).

    E is the objective of the product coupling, so that epsilon has no unit. Each outer iteration
    linearises the quadratic term and takes a few stabilised Sinkhorn iterations with the potentials
    kept, then Newton steps on the dual where they do not reach the marginals; the temperature falls
    from 0.3 to epsilon first, which avoids poor local optima. Once the coupling has settled,
    momentum with restarts carries the linearised cost and the potentials on (Nesterov, 1983).

    Args:
        x: Space of n points.
        z: Space of m points.
        epsilon: Strength of the regulariser, positive, in units of E.
        max_iter: Outer iterations at the final temperature at most.
        tol: The solver stops where the L1 change of the coupling and its marginal error, before it
            is rounded to the marginals, are below it (or 100 times the rounding of the dtype).
        start: Coupling, (n, m), to start from at the final temperature, without annealing.

    Returns:
        The coupling, dense. ``objective`` is the regularised one: it alone is differentiated, at
        fixed coupling and fixed epsilon E, and only its gradient is exact (envelope theorem);
        ``value`` is its transport part.

    Raises:
        SpaceError: Where epsilon is not positive or the start has the wrong shape.
    """
    if not epsilon > 0:
        raise SpaceError(
            f"epsilon must be positive, got {epsilon}",
            hint="the unregularised problem is solved by exact_gw",
        )
    if start is not None and tuple(start.shape) != (x.n, z.n):
        raise SpaceError(f"a start must be ({x.n}, {z.n}), got {tuple(start.shape)}")

    def solve() -> _Found:
        # the order decides the local optimum, so it must not depend on which side came first
        swapped = forward.prefers_swap
        problem = forward.swapped() if swapped else forward
        first = None if start is None else (start.T if swapped else start)
        found = _solve(problem, epsilon, max_iter, tol, first)
        return found.swapped() if swapped else found

    with torch.no_grad():
        forward = _Linearised.of(x, z)
        found = solved_once(solve)
        independent = torch.outer(x.mass, z.mass)
        divergence = torch.special.xlogy(found.plan, found.plan / independent).nan_to_num().sum()
    features_x, features_z = squared_features(x), squared_features(z)
    if features_x is not None and features_z is not None:
        p, q = found.plan.sum(1), found.plan.sum(0)
        value = squared_value(moments_of(features_x, p), moments_of(features_z, q), found.plan)
    else:
        value = distortion(x, z, found.plan)
    objective = value + epsilon * forward.product_value * divergence
    objective = _with_weight_gradient(objective, x, z, found)
    error = found.marginal_error
    return GWResult(value, objective, found.plan, found.converged, found.n_iter, error)


@dataclass(frozen=True)
class _Found:
    plan: Tensor
    f: Tensor
    g: Tensor
    cost: Tensor
    converged: bool
    n_iter: int
    marginal_error: float

    def swapped(self) -> _Found:
        return replace(self, plan=self.plan.T, f=self.g, g=self.f, cost=self.cost.T)


@dataclass(frozen=True)
class _Linearised:
    """C(T) = -4 a b^T - 16 B_x T B_z, through features where they are exact."""

    p: Tensor
    q: Tensor
    a: Tensor
    b: Tensor
    b_x: Tensor | None
    b_z: Tensor | None
    x: Tensor | None
    z: Tensor | None
    product_value: float

    @property
    def prefers_swap(self) -> bool:
        keys = [
            (len(w), float(w @ norms.square())) for w, norms in ((self.p, self.a), (self.q, self.b))
        ]
        return keys[1] > keys[0]

    def swapped(self) -> _Linearised:
        return _Linearised(
            self.q, self.p, self.b, self.a, self.b_z, self.b_x, self.z, self.x, self.product_value
        )

    @classmethod
    def of(cls, x: MMSpace, z: MMSpace) -> _Linearised:
        p, q = x.mass, z.mass
        features_x, features_z = squared_features(x), squared_features(z)
        if features_x is not None and features_z is not None:
            m_x, m_z = moments_of(features_x, p), moments_of(features_z, q)
            cross = 8 * m_x.mean_norm * m_z.mean_norm
            value = float(m_x.self_term + m_z.self_term - cross)
            # the Gram matrix replaces features of more dimensions than points
            return cls(p, q, m_x.norms, m_z.norms, m_x.gram, m_z.gram, m_x.x, m_z.x, value)
        b_x, b_z = _gram_of(x.d, p), _gram_of(z.d, q)
        value = float(
            p @ x.d.square() @ p + q @ z.d.square() @ q - 2 * (p @ x.d @ p) * (q @ z.d @ q)
        )
        return cls(p, q, b_x.diagonal(), b_z.diagonal(), b_x, b_z, None, None, value)

    @cached_property
    def constant(self) -> Tensor:
        return -4 * torch.outer(self.a, self.b)

    def cost(self, plan: Tensor) -> Tensor:
        if self.b_z is not None:
            right, last = plan, self.b_z
        else:
            assert self.z is not None
            right, last = plan @ self.z, self.z.T
        if self.b_x is not None:
            left = self.b_x @ right
        else:
            assert self.x is not None
            left = self.x @ (self.x.T @ right)
        return torch.addmm(self.constant, left, last, alpha=-16)


def _gram_of(d: Tensor, p: Tensor) -> Tensor:
    mean = d @ p
    return (d - mean[:, None] - mean[None, :] + p @ mean) * -0.5


def _solve(
    problem: _Linearised, epsilon: float, max_iter: int, tol: float, start: Tensor | None
) -> _Found:
    p, q = problem.p, problem.q
    scale = max(problem.product_value, torch.finfo(p.dtype).tiny)
    tol = max(tol, 100 * torch.finfo(p.dtype).eps)
    top = 0.3
    steps = 0 if start is not None else max(round(8 * math.log(max(top / epsilon, 1))), 0)
    falling = [epsilon * (top / epsilon) ** (1 - k / steps) for k in range(steps)]
    plan = torch.outer(p, q) if start is None else start.to(p)
    f, g = torch.zeros_like(p), torch.zeros_like(q)
    cost = last_cost = problem.cost(plan)
    last_g = g
    converged, change, step, age, momentum = False, 1.0, 0, 0, 0.0
    for step, temperature in enumerate(falling + [epsilon] * max_iter, start=1):
        final = step > steps
        # inexact inner solves can cycle, so at the final temperature they follow the outer change
        target = max(tol / 4, change / 10) if final else None
        new_plan, f, new_g, error = _sinkhorn(cost, p, q, g, temperature * scale, target)
        move = new_plan - plan
        change, plan = float(move.abs().sum()), new_plan
        small = final and change <= tol and float(error) <= tol
        # only a step without momentum shows how far a fixed point is
        converged = small and momentum == 0
        if converged:
            g = new_g
            break
        new_cost = problem.cost(plan)
        waits = change > SETTLED and step <= steps + LATEST
        if small or not final or (age == 0 and waits):
            age = 0
        elif float(torch.dot((cost - new_cost).flatten(), move.flatten())) < 0:
            age = 1  # the last move went uphill
        else:
            age += 1
        momentum = min(max(age - 1, 0) / (age + 2), MOMENTUM)
        cost = torch.lerp(last_cost, new_cost, 1 + momentum)
        g = torch.lerp(last_g, new_g, 1 + momentum)
        last_cost, last_g = new_cost, new_g
    plan = _rounded(plan, p, q)
    missed = float((plan.sum(1) - p).abs().sum() + (plan.sum(0) - q).abs().sum())
    return _Found(plan, f, g, cost, converged, step, missed)


def _rounded(plan: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """A coupling of p and q near one that misses them slightly (Altschuler et al., 2017)."""
    tiny = torch.finfo(p.dtype).tiny
    plan = plan * (p / plan.sum(1).clamp(min=tiny)).clamp(max=1)[:, None]
    plan = plan * (q / plan.sum(0).clamp(min=tiny)).clamp(max=1)
    # the rows and columns are within rounding of their marginals from below
    missing_p, missing_q = ((w - plan.sum(k)).clamp(min=0) for w, k in ((p, 1), (q, 0)))
    return plan + torch.outer(missing_p, missing_q) / missing_p.sum().clamp(min=tiny)


def _sinkhorn(
    cost: Tensor, p: Tensor, q: Tensor, g: Tensor, epsilon: float, target: float | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Iterate on K = exp((f + g - C) / epsilon), f absorbing each row's maximum.

    Until the marginal error is below ``target``, or INNER times where it is None. Returns the
    coupling, both potentials and the marginal error.
    """
    # a massless point has no part in the coupling, and must not overflow the others' scaling
    kernel = (g.masked_fill(q == 0, -torch.inf) - cost).div_(epsilon)
    peak = kernel.amax(1, keepdim=True)
    kernel.sub_(peak).exp_()
    tiny = torch.finfo(p.dtype).tiny
    v, limit = q, INNER if target is None else MAX_INNER
    for k in range(limit + 1):
        u = p / torch.mv(kernel, v)
        seen = torch.mv(kernel.T, u)
        error = torch.addcmul(q, v, seen, value=-1).abs().sum()
        if k == limit or (target is not None and float(error) <= target):
            break
        if k < PATIENCE or k % 2:
            v = q / seen.clamp(min=tiny)
        else:
            v = v * _newton(kernel, p, q, u, v, v * seen)
    plan = kernel.mul_(u[:, None]).mul_(v)
    ratio_u = torch.where(p > 0, u / p, 1.0)
    ratio_v = torch.where(q > 0, v / q, 1.0)
    f = epsilon * (ratio_u.log() - peak[:, 0])
    return plan, f, g + epsilon * ratio_v.log(), error


def _newton(kernel: Tensor, p: Tensor, q: Tensor, u: Tensor, v: Tensor, seen: Tensor) -> Tensor:
    """The factor of v after a Newton step on the dual, whose rows are solved for.

    It solves (diag(T^T 1) - T^T diag(1/p) T) log factor = q - T^T 1, scaled by q^(1/2) on both
    sides; where Sinkhorn iterations crawl, since the coupling nearly falls apart into blocks, it
    does not.
    """
    tiny, eps = torch.finfo(p.dtype).tiny, torch.finfo(p.dtype).eps
    root_p, root_q = p.clamp(min=tiny).sqrt(), q.clamp(min=tiny).sqrt()
    scaled = (u / root_p)[:, None] * kernel * (v / root_q)
    # constants are in the kernel of the Hessian, and rounding asks for a ridge
    hessian = torch.addmm(torch.outer(root_q, root_q), scaled.T, scaled, alpha=-1)
    hessian.diagonal().add_(seen / q.clamp(min=tiny) + 30 * eps)
    factor, failed = torch.linalg.cholesky_ex(hessian)
    step = torch.cholesky_solve(((q - seen) / root_q)[:, None], factor)[:, 0] / root_q
    step = step / step.abs().max().clamp(min=1)
    # no step where rounding made the Hessian indefinite
    return torch.where(failed == 0, step.nan_to_num(), 0.0).exp()


def _with_weight_gradient(objective: Tensor, x: MMSpace, z: MMSpace, found: _Found) -> Tensor:
    # as for the exact value: c^2 p and the dual potentials, here of the regularised linear problem
    if not torch.is_grad_enabled():
        return objective
    for space, other, dual, transposed in ((x, z, found.f, False), (z, x, found.g, True)):
        if space.weights is None or not space.weights.requires_grad:
            continue
        with torch.no_grad():
            plan = found.plan.T if transposed else found.plan
            cost = found.cost.T if transposed else found.cost
            # the dual belongs to C without the terms of one index that the marginals fix
            row_terms = (-4 * (space.d @ (plan @ other.d)) - cost) @ other.mass
            gradient = 2 * (space.d.square() @ space.mass) + dual + row_terms
        mass = space.mass
        objective = objective + (mass - mass.detach()) @ gradient
    return objective
