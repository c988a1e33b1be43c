"""Large problems: a coarse solve carried to all points, by blocks of costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from gwae_core.solvers import compiled
from gwae_core.solvers.anneal import Annealed
from gwae_core.solvers.assignment import permutation_plan
from gwae_core.solvers.descent import Descent
from gwae_core.solvers.forms import Array, LiftedForm

BLOCK_ENTRIES = 4_000_000
"""Costs that exist at any one time: 16 MB in float32."""

UPDATES = 12
"""Updates of Gamma with all points."""


@dataclass(frozen=True)
class LazyCost:
    """C = rows @ columns, (n, m), computed by blocks of rows.

    Attributes:
        rows: (n, r).
        columns: (r, m).
    """

    rows: Array
    columns: Array

    @property
    def transposed(self) -> LazyCost:
        """C^T."""
        return LazyCost(self.columns.T, self.rows.T)

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Slices of rows and their costs."""
        height = max(BLOCK_ENTRIES // self.columns.shape[1], 1)
        for start in range(0, len(self.rows), height):
            part = slice(start, start + height)
            yield part, self.rows[part] @ self.columns

    def soft_transform(self, g: Array, epsilon: float, z: Array) -> tuple[Array, Array]:
        """f_i = -epsilon log mean_k exp((g_k - C_ik) / epsilon), and what row i meets on average.

        Args:
            g: Column potentials, (m,).
            epsilon: Temperature.
            z: Points of the columns, (m, d).

        Returns:
            f, (n,), and sum_k z_k exp((f_i + g_k - C_ik) / epsilon) / m, (n, d).
        """
        f = np.empty(len(self.rows), self.rows.dtype)
        met = np.empty((len(self.rows), z.shape[1]), self.rows.dtype)
        for part, block in self.blocks():
            np.subtract(g, block, out=block)
            block /= self.rows.dtype.type(epsilon)
            peak = block.max(1)
            block -= peak[:, None]
            np.exp(block, out=block)
            total = block.sum(1)
            f[part] = -epsilon * (np.log(total / block.shape[1]) + peak)
            met[part] = (block @ z) / total[:, None]
        return f, met


def descend_large(form: LiftedForm, coarse: Annealed, subset: Array, *, steps: int) -> Descent:
    """Carry a coarse solution to all points, and take linear steps over candidate partners.

    Gamma and the potentials of the coarse problem define costs and potentials of the whole one. A
    linear step renews the potentials by soft transforms and solves the assignment from them; with
    the extra ``fast``, nothing larger than a block of costs is ever stored.

    Args:
        form: The whole problem, of n and n points with uniform weights.
        coarse: The annealed solution of the subset.
        subset: The points of either side in it, (2, c).
        steps: Assignments at most.
    """
    scale = max(form.product_value, 1e-30)
    columns = np.concatenate([-16 * form.z, -4 * form.b[:, None]], 1).T.copy()
    # rows of X Gamma for all points, by least squares from those of the coarse points
    gamma = np.linalg.lstsq(form.x[subset[0]], coarse.state[0], rcond=None)[0]
    left = form.x @ gamma.astype(form.dtype)
    cost = LazyCost(np.concatenate([left, form.a[:, None]], 1), columns)
    near = LazyCost(columns.T, cost.rows[subset[0]].T)
    none = np.empty((len(subset[0]), 0), form.dtype)
    g, _ = near.soft_transform(coarse.f[0, :, 0], 0.02 * scale, none)
    # the annealing goes on with all points, down to where couplings are nearly assignments
    for epsilon in np.geomspace(0.02, 0.001, UPDATES) * scale:
        f, met = cost.soft_transform(g, epsilon, form.z)
        g, _ = cost.transposed.soft_transform(f, epsilon, form.x[:, :0])
        left = form.left_of_product(met / len(met))
        cost = LazyCost(np.concatenate([left, form.a[:, None]], 1), columns)
    sigma: Array | None = None
    value = np.inf
    for step in range(steps):
        f, _ = cost.soft_transform(g, 0.001 * scale, form.z[:, :0])
        g, _ = cost.transposed.soft_transform(f, 0.001 * scale, form.x[:, :0])
        new_sigma = _assign(cost, f, g)
        left = form.state_of_plan(permutation_plan(new_sigma, form.dtype))
        linear = -4 * float((form.a * form.b[new_sigma]).mean(dtype=np.float64))
        product = float(np.einsum("ij,ij->i", left, form.z[new_sigma]).mean(dtype=np.float64))
        new_value = linear - 8 * product
        unchanged = sigma is not None and np.array_equal(sigma, new_sigma)
        if sigma is not None and (unchanged or new_value >= value):
            return Descent(permutation_plan(sigma, form.dtype), value, unchanged, step + 1)
        sigma, value = new_sigma, new_value
        cost = LazyCost(np.concatenate([left, form.a[:, None]], 1), columns)
    assert sigma is not None
    return Descent(permutation_plan(sigma, form.dtype), value, False, steps)


def _assign(cost: LazyCost, f: Array, g: Array) -> Array:
    """The optimal assignment: compiled and lazy where it can be, else on the whole matrix."""
    if compiled.available():
        return compiled.assign_lazily(cost.rows, cost.columns, g)
    dense = cost.rows @ cost.columns
    dense -= f[:, None]
    dense -= g
    return np.asarray(linear_sum_assignment(dense)[1])
