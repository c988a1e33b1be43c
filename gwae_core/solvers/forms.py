"""The quadratic form that Gromov-Wasserstein minimises, and its linearisation, in numpy.

For symmetric costs c_x(i,j) = a_i + a_j - 2 B_x(i,j) (B_x: the Gram matrix of centred points where
c_x is a squared Euclidean distance), and up to terms that the marginals fix,

    sum |c_x - c_z|^2 T T = Q(T) = -4 a^T T b - 8 <B_x T B_z, T>,
    C(T) = grad Q(T)             = -4 a b^T - 16 B_x T B_z.

`LiftedForm` holds features, B = X X^T, and never forms a product of three n x n matrices;
`DenseForm` holds B itself. Both give C from a coupling in the shape it is at hand: a Sinkhorn
kernel with its two scalings, or a sparse matrix.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[Any]


@dataclass(frozen=True)
class Entries:
    """A coupling by its non-zero entries; light enough for small problems, unlike a scipy matrix.

    Attributes:
        rows: (k,), ascending.
        cols: (k,).
        mass: (k,).
        shape: (n, m).
        ordered: Whether rows are 0, ..., n - 1, as a permutation's are.
    """

    rows: Array
    cols: Array
    mass: Array
    shape: tuple[int, int]
    ordered: bool = False

    @classmethod
    def of_dense(cls, plan: Array) -> Entries:
        """The non-zero entries of a matrix."""
        rows, cols = np.nonzero(plan)
        return cls(rows, cols, plan[rows, cols], (plan.shape[0], plan.shape[1]))

    def times(self, matrix: Array) -> Array:
        """T @ matrix, (n, d)."""
        if self.ordered:
            return np.asarray(self.mass[:, None] * matrix[self.cols])
        return np.asarray(csr_array((self.mass, (self.rows, self.cols)), shape=self.shape) @ matrix)

    def mixed(self, other: Entries, weight: float) -> Entries:
        """(1 - weight) T + weight S."""
        first = csr_array((self.mass, (self.rows, self.cols)), shape=self.shape)
        second = csr_array((other.mass, (other.rows, other.cols)), shape=self.shape)
        mixture = ((1 - weight) * first + weight * second).tocoo()
        rows, cols = mixture.coords
        return Entries(rows, cols, mixture.data.astype(self.mass.dtype), self.shape)


def energy(cost: Array, plan: Entries) -> float:
    """<C, T> in float64."""
    return float(cost[plan.rows, plan.cols].astype(np.float64) @ plan.mass)


@lru_cache(maxsize=16)
def _noise(seed: int, rows: int, cols: int) -> Array:
    # kept, since each mini-batch asks for the first one again
    return np.random.default_rng(seed).standard_normal((rows, cols), dtype=np.float32)


class QuadraticForm(ABC):
    """Q(T) for two spaces of n and m points, for S couplings at once.

    A coupling enters as a state h, which is all that C(T) depends on: C is linear in it.

    Args:
        a: Diagonal of B_x, (n,).
        b: Diagonal of B_z, (m,).
        product_value: The whole GW objective of the product coupling, the unit of epsilon.
    """

    def __init__(self, a: Array, b: Array, product_value: float) -> None:
        self.a, self.b = a, b
        self.shape = (len(a), len(b))
        self.dtype = a.dtype
        self.product_value = product_value

    def value(self, cost: Array, plan: Entries) -> float:
        """Q(T) from C(T), (n, m), and T."""
        norms = (self.a[plan.rows] * self.b[plan.cols]).astype(np.float64)
        return energy(cost, plan) / 2 - 2 * float(norms @ plan.mass)

    def cost(self, state: Array) -> Array:
        """C(T), (S, n, m)."""
        out = np.empty((len(state), *self.shape), self.dtype)
        return self.exponent(state, None, 1.0, out)

    @abstractmethod
    def state_of_scaled(self, kernel: Array, u: Array, v: Array) -> Array:
        """The states of diag(u) K diag(v): kernel (S, n, m), u (S, n, 1), v (S, m, 1)."""

    @abstractmethod
    def state_of_plan(self, plan: Entries) -> Array:
        """The state of one sparse coupling, without the leading S."""

    @abstractmethod
    def tilted_state(self, seeds: Iterable[int], scale: float) -> Array:
        """States near that of the product coupling, one a seed, tilted at random by ``scale``."""

    @abstractmethod
    def exponent(self, state: Array, g: Array | None, factor: float, out: Array) -> Array:
        """Write factor * (C - g), (S, n, m), to ``out``; g (S, 1, m) or None."""


class LiftedForm(QuadraticForm):
    """The form of features: C = -4 a_i b_k - 16 x_i^T Gamma z_k, Gamma = X^T T Z, (d_x, d_z).

    The state is X Gamma, (S, n, d_z).

    Args:
        x: Features, (n, d_x), centred.
        z: Features, (m, d_z), centred; the side with fewer dimensions.
        a: Diagonal of B_x, (n,).
        b: Diagonal of B_z, (m,).
        product_value: The objective of the product coupling.
        gram: X X^T, (n, n), to stand for X where d_x > n; None where it does not.
    """

    def __init__(
        self,
        x: Array,
        z: Array,
        a: Array,
        b: Array,
        product_value: float,
        gram: Array | None = None,
    ) -> None:
        super().__init__(a, b, product_value)
        self.x, self.z, self.gram = x, z, gram
        # [X Gamma, a, 1] @ [-16 Z^T; -4 b^T; -g^T] is C - g in a single matrix product
        self._right = np.empty((z.shape[1] + 2, len(z)), z.dtype)
        np.multiply(z.T, -16, out=self._right[:-2])
        np.multiply(b, -4, out=self._right[-2])

    def restricted(self, rows: Array, cols: Array) -> LiftedForm:
        """The form of subsets of the points, in the same coordinates, (k,) and (l,) indices."""
        gram = None if self.gram is None else self.gram[rows][:, rows]
        x, z, a, b = self.x[rows], self.z[cols], self.a[rows], self.b[cols]
        return LiftedForm(x, z, a, b, self.product_value, gram)

    def left_of_product(self, tz: Array) -> Array:
        """X Gamma = B_x T Z from T Z, (..., n, d_z)."""
        if self.gram is not None:
            return np.asarray(self.gram @ tz)
        return np.asarray(self.x @ (self.x.T @ tz))

    def state_of_scaled(self, kernel: Array, u: Array, v: Array) -> Array:  # noqa: D102
        return self.left_of_product(u * (kernel @ (v * self.z)))

    def state_of_plan(self, plan: Entries) -> Array:  # noqa: D102
        return self.left_of_product(plan.times(self.z))

    def state_of_gamma(self, gamma: Array) -> Array:
        """The state, (1, n, d_z), of a given Gamma, (d_x, d_z)."""
        return np.asarray((self.x @ gamma)[None])

    def tilted_state(self, seeds: Iterable[int], scale: float) -> Array:  # noqa: D102
        shape = (self.x.shape[1], self.z.shape[1])
        gamma = np.stack([_noise(seed, *shape) for seed in seeds]).astype(self.dtype)
        return np.asarray(self.x @ (gamma * self.dtype.type(scale / np.sqrt(shape[0]))))

    def exponent(  # noqa: D102
        self, state: Array, g: Array | None, factor: float, out: Array
    ) -> Array:
        rows = np.empty((*state.shape[:-1], state.shape[-1] + 2), state.dtype)
        rows[..., :-2] = state
        rows[..., -2] = self.a
        rows[..., -1] = 1
        rows *= self.dtype.type(factor)
        right = self._right
        if len(state) == 1:
            right[-1] = 0 if g is None else -g[0, 0]
        else:
            right = np.repeat(right[None], len(state), 0)
            right[:, -1] = 0 if g is None else -g[:, 0]
        return np.matmul(rows, right, out=out)


class DenseForm(QuadraticForm):
    """The form of any two symmetric cost matrices, through B = -1/2 J c J of each.

    The state is B_x T B_z, (S, n, m).

    Args:
        b_x: B_x, (n, n).
        b_z: B_z, (m, m).
        product_value: The objective of the product coupling.
    """

    def __init__(self, b_x: Array, b_z: Array, product_value: float) -> None:
        super().__init__(b_x.diagonal().copy(), b_z.diagonal().copy(), product_value)
        self.b_x, self.b_z = b_x, b_z
        self._norms = 4 * np.outer(self.a, self.b)

    def state_of_scaled(self, kernel: Array, u: Array, v: Array) -> Array:  # noqa: D102
        return np.asarray(self.b_x @ ((u * kernel) @ (v * self.b_z)))

    def state_of_plan(self, plan: Entries) -> Array:  # noqa: D102
        return np.asarray(self.b_x @ plan.times(self.b_z))

    def tilted_state(self, seeds: Iterable[int], scale: float) -> Array:  # noqa: D102
        n, m = self.shape
        tilt = np.stack([_noise(seed, n, m) for seed in seeds]).astype(self.dtype)
        tilt *= self.dtype.type(scale / (n * m))
        return np.asarray(self.b_x @ tilt @ self.b_z)

    def exponent(  # noqa: D102
        self, state: Array, g: Array | None, factor: float, out: Array
    ) -> Array:
        np.multiply(state, -16, out=out)
        out -= self._norms
        if g is not None:
            out -= g
        out *= self.dtype.type(factor)
        return out
