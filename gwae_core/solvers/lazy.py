"""Linear costs of low rank, by blocks: nothing larger than a core's own cache is ever stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gwae_core.solvers.forms import Array, LiftedForm

BLOCK_ENTRIES = 100_000
"""Costs that exist at any one time: what a core's own cache holds."""


@dataclass(frozen=True)
class LazyCost:
    """C = rows @ columns, (n, m), computed by blocks of rows.

    Attributes:
        rows: (n, r).
        columns: (r, m).
    """

    rows: Array
    columns: Array

    @classmethod
    def of(cls, form: LiftedForm, state: Array) -> LazyCost:
        """C(T) of a form at a state, (n, d_z)."""
        columns = np.concatenate([-16 * form.z, -4 * form.b[:, None]], 1).T
        return cls(np.concatenate([state, form.a[:, None]], 1), np.ascontiguousarray(columns))

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

    def transform(self, g: Array) -> Array:
        """f_i = min_k C_ik - g_k, (n,)."""
        return np.concatenate([(block - g).min(1) for _, block in self.blocks()])

    def soft_transform(
        self, g: Array, epsilon: float, z: Array | None = None
    ) -> tuple[Array, Array]:
        """f_i = -epsilon log mean_k exp((g_k - C_ik) / epsilon), and what row i meets on average.

        Args:
            g: Column potentials, (m,).
            epsilon: Temperature.
            z: What the columns carry, (m, d); nothing if None.

        Returns:
            f, (n,), and sum_k z_k exp((f_i + g_k - C_ik) / epsilon) / m, (n, d).
        """
        z = np.empty((len(g), 0), self.rows.dtype) if z is None else z
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
