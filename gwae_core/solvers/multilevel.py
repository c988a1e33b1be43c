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

SHARPENING = (0.02, 0.001, 8)
"""Temperatures from, to and how many, between the coarse potentials and the first assignment."""
KEEPING = (0.002, 0.001, 3)
"""The same before each further assignment."""
PASSES = 20
"""Rounds of the auction."""
PART = 100
"""Rows left over by the auction that are assigned exactly at a time."""
HOLDERS = 1_000
"""Rows that hold what these want, and that may change with them."""


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

    def soft_transform(self, g: Array, epsilon: float) -> Array:
        """f_i = -epsilon log mean_k exp((g_k - C_ik) / epsilon), (n,)."""
        f = np.empty(len(self.rows), self.rows.dtype)
        for part, block in self.blocks():
            np.subtract(g, block, out=block)
            block /= epsilon
            peak = block.max(1)
            block -= peak[:, None]
            np.exp(block, out=block)
            f[part] = -epsilon * (np.log(block.mean(1)) + peak)
        return f

    def at(self, rows: Array, cols: Array) -> Array:
        """C at pairs of indices, (k,)."""
        return np.asarray(np.einsum("kr,kr->k", self.rows[rows], self.columns.T[cols]))


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
    g = near.soft_transform(coarse.f[0, :, 0], 0.02 * scale)
    sigma: Array | None = None
    value = np.inf
    for step in range(steps):
        for epsilon in np.geomspace(*(SHARPENING if step == 0 else KEEPING)) * scale:
            f = cost.soft_transform(g, epsilon)
            g = cost.transposed.soft_transform(f, epsilon)
        new_sigma = _assign(cost, f, g, 1e-5 * scale)
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


def _assign(cost: LazyCost, f: Array, g: Array, epsilon: float) -> Array:
    """A nearly optimal assignment, compiled and lazy where it can be, else on the whole matrix."""
    if not compiled.available():
        dense = cost.rows @ cost.columns
        dense -= f[:, None]
        dense -= g
        return np.asarray(linear_sum_assignment(dense)[1])
    sigma, potentials = compiled.bid_lazily(
        cost.rows, cost.columns, g, epsilon=epsilon, passes=PASSES
    )
    return _completed(cost, sigma, potentials.astype(g.dtype))


def _completed(cost: LazyCost, sigma: Array, g: Array) -> Array:
    """Assign the rows left over, some at a time, with the rows that hold the columns they want.

    Each part is an exact assignment of its rows to their columns and all free ones.
    """
    sigma = sigma.copy()
    n = len(sigma)
    left_over = np.flatnonzero(sigma < 0)
    # neighbours in cost compete for the same columns, so they belong into one part
    left_over = left_over[np.argsort(cost.rows[left_over, 0])]
    owner = np.full(n, -1)
    assigned = np.flatnonzero(sigma >= 0)
    owner[sigma[assigned]] = assigned
    for start in range(0, len(left_over), PART):
        rows = left_over[start : start + PART]
        free = np.flatnonzero(owner < 0)
        share = max(min(HOLDERS // len(rows), n - 1), 1)
        wanted = np.argpartition(cost.rows[rows] @ cost.columns - g, share - 1, 1)[:, :share]
        holders = np.unique(owner[wanted.ravel()])
        rows = np.concatenate([rows, holders[holders >= 0]])
        columns = np.concatenate([free, sigma[holders[holders >= 0]]])
        block = cost.rows[rows] @ cost.columns[:, columns] - g[columns]
        chosen_rows, chosen = linear_sum_assignment(block)
        owner[sigma[rows[sigma[rows] >= 0]]] = -1
        sigma[rows[chosen_rows]] = columns[chosen]
        owner[sigma[rows]] = rows
    return sigma
