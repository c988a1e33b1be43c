"""Value, regulariser and weight gradients at a lifted coupling, in O(n p) memory."""

from __future__ import annotations

import torch
from torch import Tensor

from gwae_core.solvers.moments import Moments
from gwae_geomloss.lifted import Found
from gwae_geomloss.transport import Coupling


def value_at(x: Moments, z: Moments, coupling: Coupling, mass: Tensor) -> Tensor:
    """The objective at T / mass, with moments of its marginals; differentiable in the points.

    s(X) + s(Z) - 4 E_T[a b] - 4 E a E b - 8 |X^T T Z|^2, where s is the self term.
    """
    coupled = coupling.times(torch.cat([z.x, z.norms[:, None]], 1)) / mass  # T Z and T b
    gamma = x.x.T @ coupled[:, :-1]
    cross = 4 * x.norms @ coupled[:, -1] + 4 * x.mean_norm * z.mean_norm + 8 * gamma.square().sum()
    return (x.self_term + z.self_term - cross).clamp(min=0)  # rounding alone makes it negative


def divergence_of(found: Found, rows: Tensor, cols: Tensor, mass: Tensor) -> Tensor:
    """KL(T / mass | p q^T), from the potentials; ``rows`` and ``cols`` are T's marginals."""
    u, w, coupling = found.x, found.z, found.coupling
    cost = rows @ u.square().sum(1) + cols @ w.square().sum(1) - 2 * (u * coupling.times(w)).sum()
    exponent = (rows @ coupling.f + cols @ coupling.g - cost) / found.epsilon
    return exponent / mass - mass.log()


def weight_gradients(x: Moments, z: Moments, found: Found) -> tuple[Tensor, Tensor]:
    """Derivatives of the optimal objective in p, (n,), and q, (m,), up to a constant each.

    2 sum_j c_x(i,j)^2 p_j + f_i with f the potential of the linear problem whose cost is
    -4 c_x T c_z; the lifted problem's differs from it by terms of one index.
    """
    coupling = found.coupling
    seen_x = coupling.times(z.norms[:, None])[:, 0]  # T b
    seen_z = coupling.transposed_times(x.norms[:, None])[:, 0]  # T^T a
    sides = ((x, z, found.x, coupling.f, seen_x), (z, x, found.z, coupling.g, seen_z))
    return tuple(  # type: ignore[return-value]
        _squares(own)
        + potential
        - lifted.square().sum(1)
        - 8 * own.norms * other.mean_norm
        + 8 * own.x @ (own.x.T @ seen)
        for own, other, lifted, potential, seen in sides
    )


def _squares(side: Moments) -> Tensor:
    """2 sum_j |x_i - x_j|^4 p_j up to a constant, (n,)."""
    a, x = side.norms, side.x
    if side.gram is not None:
        second = side.gram.square() @ side.p
    else:
        second = ((x @ (x.T @ (side.p[:, None] * x))) * x).sum(1)
    third = x @ (x.T @ (side.p * a))
    return 2 * (a.square() + 4 * second + 2 * a * side.mean_norm - 4 * third)
