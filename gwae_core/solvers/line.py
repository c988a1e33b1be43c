"""Couplings on the line: sorting, and quantiles where sizes or weights differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Atoms:
    """Matched atoms of the monotone couplings of L lines.

    Attributes:
        x: (L, k).
        z: (L, k).
        mass: (L, k) or (1, k), or 0-d where all atoms weigh the same.
        rows: Which sorted value x is, (L, k); None where atom i is value i.
        cols: Which sorted value z is, (L, k); None where atom i is value i.
    """

    x: Tensor
    z: Tensor
    mass: Tensor
    rows: Tensor | None = None
    cols: Tensor | None = None

    def mean(self, values: Tensor) -> Tensor:
        """Sum of values times mass over the atoms, (L,)."""
        if self.mass.ndim == 0:
            return values.mean(-1)
        return (values * self.mass).sum(-1)


def ascending(values: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Sort values, (L, n), and take their weights, (n,), along; differentiable.

    Args:
        values: (L, n).
        weights: (n,) or (L, n), or None for uniform.

    Returns:
        Values, (L, n), and weights, (L, n) or None, in ascending order of the values.
    """
    if values.device.type == "cpu":  # numpy's vectorised sort takes half the time of torch's
        order = torch.from_numpy(np.argsort(values.detach().numpy(), axis=-1))
    else:
        order = values.detach().argsort(-1)
    taken = None if weights is None else weights.expand(values.shape).gather(-1, order)
    return values.gather(-1, order), taken


def monotone(x: Tensor, z: Tensor, p: Tensor | None, q: Tensor | None) -> Atoms:
    """Couple ascending values in order: optimal on the line for convex costs.

    Equal sizes without weights match by rank; otherwise the atoms are those of the two quantile
    functions on their common partition of [0, 1]. O(L (n + m) log(n + m)), differentiable in values
    and weights.

    Args:
        x: Ascending values, (L, n).
        z: Ascending values, (L, m).
        p: Weights of sum one in the order of x, (L, n), or None for uniform.
        q: Weights of sum one in the order of z, (L, m), or None for uniform.
    """
    n, m = x.shape[-1], z.shape[-1]
    if n == m and p is None and q is None:
        return Atoms(x, z, x.new_tensor(1.0 / n))
    p = x.new_full((1, n), 1.0 / n) if p is None else p
    q = z.new_full((1, m), 1.0 / m) if q is None else q
    ends_x, ends_z = p.cumsum(-1), q.cumsum(-1)
    lines = max(len(ends_x), len(ends_z))
    ends = torch.cat([ends_x.expand(lines, n), ends_z.expand(lines, m)], -1).sort(-1).values
    mass = ends.diff(dim=-1, prepend=ends.new_zeros(lines, 1))
    middle = (ends - mass / 2).detach()
    rows = _cell(ends_x, middle).expand(len(x), n + m)
    cols = _cell(ends_z, middle).expand(len(z), n + m)
    return Atoms(x.gather(-1, rows), z.gather(-1, cols), mass, rows, cols)


def _cell(ends: Tensor, middle: Tensor) -> Tensor:
    # which step of a quantile function the middle of each piece lies on
    ends = ends.detach().expand(len(middle), -1).contiguous()
    return torch.searchsorted(ends, middle.contiguous()).clamp(max=ends.shape[-1] - 1)
