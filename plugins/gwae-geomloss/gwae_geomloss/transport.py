"""Entropic transport between two weighted point clouds, by geomloss."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from gwae_core.spaces import pairwise_distances


@dataclass(frozen=True, eq=False)
class Coupling:
    """T = p q exp((f + g - |x - y|^2) / epsilon), never formed where KeOps applies it.

    Attributes:
        p: Weights, (n,).
        q: Weights, (m,).
        u: Factor of each row of the density that geomloss holds, (n,).
        v: Factor of each of its columns, (m,).
        f: Potential, (n,).
        g: Potential, (m,).
        solution: geomloss's result, whose density D makes T = p u D v q.
        n_iter: Iterations, geomloss's and those after it.
    """

    p: Tensor
    q: Tensor
    u: Tensor
    v: Tensor
    f: Tensor
    g: Tensor
    solution: Any
    n_iter: int

    def times(self, values: Tensor) -> Tensor:
        """T y, (n, k), of y (m, k); differentiable in y."""
        product: Tensor = _Apply.apply(self, values, False)  # type: ignore[no-untyped-call]
        return product

    def transposed_times(self, values: Tensor) -> Tensor:
        """T^T x, (m, k), of x (n, k); differentiable in x."""
        product: Tensor = _Apply.apply(self, values, True)  # type: ignore[no-untyped-call]
        return product

    def densities(self) -> tuple[Tensor, Tensor]:
        """T 1 / p, (n,), and T^T 1 / q, (m,): one at the optimum, for weights of zero too."""
        density = self.solution.density_operator
        rows: Tensor = self.u * (density @ (self.q * self.v))
        cols: Tensor = self.v * (density.T @ (self.p * self.u))
        return rows, cols

    def dense(self) -> Tensor:
        """T, (n, m)."""
        density: Tensor = self.solution.density
        return (self.p * self.u)[:, None] * density * (self.q * self.v)


class _Apply(torch.autograd.Function):
    """T y or T^T x with T held fixed; the backward pass is the other one."""

    @staticmethod
    def forward(ctx: Any, coupling: Coupling, values: Tensor, transposed: bool) -> Tensor:
        ctx.coupling, ctx.transposed = coupling, transposed
        return _apply(coupling, values, transposed)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return None, _apply(ctx.coupling, gradients[0], not ctx.transposed), None


def _apply(coupling: Coupling, values: Tensor, transposed: bool) -> Tensor:
    density = coupling.solution.density_operator
    left, right = coupling.p * coupling.u, coupling.q * coupling.v
    if transposed:
        density, left, right = density.T, right, left
    product: Tensor = density @ (right[:, None] * values).contiguous()
    return left[:, None] * product


def uses_keops(like: Tensor) -> bool:
    """Whether geomloss forms costs on the fly: on a GPU, where KeOps is installed."""
    return like.is_cuda and find_spec("pykeops") is not None


@torch.no_grad()
def solve(
    x: Tensor,
    y: Tensor,
    p: Tensor,
    q: Tensor,
    *,
    epsilon: float,
    annealing: int,
    tolerance: float,
    max_iter: int,
) -> Coupling:
    """Minimise <T, |x - y|^2> + epsilon KL(T | p q^T) over the couplings of p and q.

    geomloss's symmetric iterations fall geometrically from the squared diameter to epsilon and stop
    there, with marginal errors of the order of 1 / annealing. What is left is removed by scalings
    of rows and columns of the density that it holds (Schmitzer, 2019), for which points without
    weight need no care.

    Args:
        x: Points, (n, d).
        y: Points, (m, d); the same tensor as x for the problem of a sample and itself, whose
            potentials are equal and whose scalings are averaged.
        p: Weights, (n,), with sum 1.
        q: Weights, (m,), with sum 1.
        epsilon: Regularisation, in units of the cost.
        annealing: geomloss's iterations.
        tolerance: Accepted |T 1 - p|_1 + |T^T 1 - q|_1.
        max_iter: Scalings at most.
    """
    from geomloss import ot

    if uses_keops(x):
        centre = x.mean(0)
        solution = ot.solve_sample(
            (x - centre).contiguous(),
            (y - centre).contiguous(),
            a=p,
            b=q,
            reg=epsilon,
            max_iter=annealing,
        )
    else:
        cost = pairwise_distances(x, None if y is x else y, cost="sqeuclidean")
        solution = ot.solve(cost, a=p, b=q, reg=epsilon, max_iter=annealing)
    u, v, steps = _scaled(solution.density_operator, p, q, x is y, tolerance, max_iter)
    return Coupling(
        p=p,
        q=q,
        u=u,
        v=v,
        f=solution.potential_a + epsilon * u.log(),
        g=solution.potential_b + epsilon * v.log(),
        solution=solution,
        n_iter=annealing + steps,
    )


def _scaled(
    density: Any, p: Tensor, q: Tensor, symmetric: bool, tolerance: float, max_iter: int
) -> tuple[Tensor, Tensor, int]:
    """Factors u, (n,), and v, (m,), that give p u D v q its marginals, and how often they moved."""
    info = torch.finfo(p.dtype)
    tolerance = max(tolerance, 100 * info.eps)
    u, v = torch.ones_like(p), torch.ones_like(q)
    for step in range(max_iter):
        seen = (density @ (q * v)).clamp_min(info.tiny)
        if symmetric:
            if 2 * float(p @ (u * seen - 1).abs()) <= tolerance:
                return u, v, step
            # alternating updates are slow where both sides are one sample
            u = v = (u / seen).sqrt()
            continue
        u = 1 / seen
        seen = (density.T @ (p * u)).clamp_min(info.tiny)
        if float(q @ (v * seen - 1).abs()) <= tolerance:
            return u, v, step
        v = 1 / seen
    return u, v, max_iter
