"""Lifted Gromov-Wasserstein: the linear problems as transport between two point clouds.

For squared Euclidean costs of centred points, with a = |x|^2 and b = |z|^2, the objective is up to
terms that the marginals fix -4 E_T[a b] - 8 |Gamma|^2, where Gamma = X^T T Z, (p, d). Its linear
problem at Gamma has the cost -4 a_i b_k - 16 x_i^T Gamma z_k, which is, again up to such terms, the
squared distance of points of at most min(p, d) + 1 coordinates: what geomloss solves.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gwae_core.sharding import solved_once
from gwae_core.solvers.moments import Moments
from gwae_geomloss.transport import Coupling, solve

TOP = 0.3
"""Regularisation that the annealing starts at, in units of the value of the product coupling."""


@dataclass(frozen=True)
class Found:
    """A coupling of the lifted problem.

    Attributes:
        coupling: The coupling of the lifted points.
        x: The first lifted points, (n, k).
        z: The second, (m, k).
        gamma: X^T T Z, (p, d).
        epsilon: Regularisation, absolute.
        converged: Whether the coupling came to rest and has its marginals.
        n_iter: Updates of Gamma.
    """

    coupling: Coupling
    x: Tensor
    z: Tensor
    gamma: Tensor
    epsilon: float
    converged: bool
    n_iter: int


def lift(x: Moments, z: Moments, gamma: Tensor) -> tuple[Tensor, Tensor]:
    """Points u, (n, k), and w, (m, k), with u_i.w_k = 2 (a_i - E a)(b_k - E b) + 8 x_i^T Gamma z_k.

    Both sides get the same spread in each coordinate, so that |u|^2 + |w|^2 is small.
    """
    left, values, right = torch.linalg.svd(gamma, full_matrices=False)
    root = (8 * values).sqrt()
    a, b = x.norms - x.mean_norm, z.norms - z.mean_norm
    spread_a, spread_b = (x.p @ a.square()).sqrt(), (z.p @ b.square()).sqrt()
    ratio = torch.where((spread_a > 0) & (spread_b > 0), (spread_b / spread_a).sqrt(), 1.0)
    u = torch.cat([x.x @ (left * root), (2**0.5 * ratio * a)[:, None]], 1)
    w = torch.cat([z.x @ (right.T * root), (2**0.5 / ratio * b)[:, None]], 1)
    return u, w


@torch.no_grad()
def solve_lifted(
    x: Moments,
    z: Moments,
    *,
    product_value: float,
    epsilon: float,
    updates: int,
    annealing: int,
    scalings: int,
    max_iter: int,
    tolerance: float,
) -> Found:
    """Minimise the objective plus epsilon E KL(T | p q^T), E the value of the product coupling.

    Args:
        x: First side.
        z: Second side.
        product_value: E.
        epsilon: Regularisation, in units of E.
        updates: Updates of Gamma while the regularisation falls to epsilon.
        annealing: geomloss's iterations in each linear problem.
        scalings: Further iterations in each at most.
        max_iter: Updates of Gamma at the final regularisation at most.
        tolerance: L1 marginal error, and change of the exponent (f + g - C) / epsilon in root mean
            square, below which the solver stops.
    """
    tolerance = max(tolerance, 200 * torch.finfo(x.p.dtype).eps)
    unit = max(product_value, torch.finfo(x.p.dtype).tiny ** 0.5)
    top = max(TOP, epsilon)
    falling = [epsilon * (top / epsilon) ** (1 - k / updates) for k in range(updates)]
    second_z = z.x.T @ (z.p[:, None] * z.x)  # (d, d)
    solved: list[Coupling] = []

    def linear(u: Tensor, w: Tensor, level: float) -> Coupling:
        return solve(
            u,
            w,
            x.p,
            z.p,
            epsilon=level * unit,
            annealing=annealing,
            tolerance=tolerance / 2,
            max_iter=scalings,
        )

    def descend() -> tuple[Tensor, Tensor, Tensor, float, bool, int]:
        gamma = x.x.new_zeros(x.x.shape[1], z.x.shape[1])
        for step, level in enumerate(falling + [epsilon] * max_iter, start=1):
            u, w = lift(x, z, gamma)
            coupling = linear(u, w, level)
            before, gamma = gamma, x.x.T @ coupling.times(z.x)
            if step <= updates:
                continue
            moved = x.x @ (gamma - before)  # (n, d)
            change = 16 * float((x.p @ ((moved @ second_z) * moved).sum(1)).clamp_min(0).sqrt())
            rows, cols = coupling.densities()
            error = float(x.p @ (rows - 1).abs() + z.p @ (cols - 1).abs())
            converged = error <= tolerance and change <= tolerance * level * unit
            if converged:
                break
        solved.append(coupling)
        return u, w, gamma, level, converged, step

    u, w, gamma, level, converged, step = solved_once(descend)
    # geomloss's own coupling cannot be sent: other processes solve its linear problem once more
    coupling = solved[0] if solved else linear(u, w, level)
    return Found(coupling, u, w, gamma, level * unit, converged, step)
