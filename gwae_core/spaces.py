"""Metric-measure spaces, and what an estimator returns for two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.ground_costs import GROUND_COSTS, GroundCost, pairwise_distances

__all__ = ["GROUND_COSTS", "GWResult", "GroundCost", "MMSpace", "SparsePlan", "pairwise_distances"]

BLOCK_ENTRIES = 4_000_000
"""Ground costs that exist at any one time where they are computed by blocks: 16 MB in float32."""


def blocks_of(n: int, width: int) -> Iterator[slice]:
    """Slices of n rows of ``width`` entries each, of at most BLOCK_ENTRIES entries."""
    height = max(BLOCK_ENTRIES // max(width, 1), 1)
    return (slice(start, min(start + height, n)) for start in range(0, n, height))


@dataclass(frozen=True, eq=False)
class MMSpace:
    """A metric-measure space: n points or their distances, their weights, and a ground cost.

    The constructor checks shapes alone, which never waits for the device, so that it may be called
    in every training step; a public door calls `validate` (or `checked`), which reads the values.

    Attributes:
        points: (n, ...), or None where only distances are known; (n,) are n numbers.
        distances: (n, n) values of the ground cost, or None; they take precedence over ``cost``.
        weights: (n,) non-negative, of any positive sum; None is uniform.
        cost: ``euclidean``, ``sqeuclidean``, ``cosine``, or a callable
            ((n, p), (m, p)) -> (n, m).
    """

    points: Tensor | None = None
    distances: Tensor | None = None
    weights: Tensor | None = None
    cost: str | Callable[[Tensor, Tensor], Tensor] = "euclidean"

    def __post_init__(self) -> None:
        points, distances, weights = self.points, self.distances, self.weights
        if points is None and distances is None:
            raise SpaceError(
                "a space needs points or distances, and got neither",
                hint="MMSpace(points=x) with x of shape (n, p), or MMSpace(distances=d)",
            )
        for name, tensor in (("points", points), ("distances", distances), ("weights", weights)):
            if tensor is not None and not tensor.is_floating_point():
                raise SpaceError(
                    f"{name} must be of a floating type, got {tensor.dtype}",
                    hint=f"{name}.float()",
                )
        if points is not None and (points.ndim == 0 or points.shape[0] == 0):
            raise SpaceError(f"points must be (n, ...) with n >= 1, got {tuple(points.shape)}")
        if distances is not None and (
            distances.ndim != 2
            or distances.shape[0] != distances.shape[1]
            or distances.shape[0] == 0
        ):
            raise SpaceError(
                f"distances must be square, (n, n), got {tuple(distances.shape)}",
                hint="give coordinates as points=",
            )
        if points is not None and distances is not None and len(points) != len(distances):
            raise SpaceError(f"{len(points)} points but distances of {len(distances)}")
        if weights is not None and weights.shape != (self.n,):
            raise SpaceError(f"weights must be ({self.n},), got {tuple(weights.shape)}")
        if isinstance(self.cost, str) and self.cost not in GROUND_COSTS:
            raise SpaceError(
                f"unknown ground cost {self.cost!r}; allowed: {', '.join(GROUND_COSTS)}",
                hint="a cost of your own is a callable (x, y) -> (n, m)",
            )

    @classmethod
    def checked(
        cls,
        points: Tensor | None = None,
        distances: Tensor | None = None,
        *,
        weights: Tensor | None = None,
        cost: str | Callable[[Tensor, Tensor], Tensor] = "euclidean",
    ) -> MMSpace:
        """Return a space whose values are checked too: the constructor, then `validate`."""
        return cls(points, distances, weights, cost).validate()

    def validate(self) -> MMSpace:
        """Check the values and return the space itself; one host synchronisation.

        Raises:
            SpaceError: Where points, distances or weights hold NaN or inf, where weights are
                negative or all zero, or where distances are negative or not symmetric.
        """
        checks: list[tuple[str, Tensor]] = []
        for name in ("points", "distances", "weights"):
            tensor = getattr(self, name)
            if tensor is not None:
                checks.append((f"{name} hold NaN or inf", ~torch.isfinite(tensor).all()))
        if self.weights is not None:
            checks.append(("weights must not be negative", (self.weights < 0).any()))
            checks.append(("weights must have a positive sum", ~(self.weights.sum() > 0)))
        if self.distances is not None:
            d = self.distances
            checks.append(("distances must not be negative", (d < 0).any()))
            # rounding of float32 distances is far below this, a directed cost far above
            skew = (d - d.T).abs().max() > 1e-3 * d.abs().max()
            checks.append(("distances must be symmetric", skew))
        failed = torch.stack([fault for _, fault in checks]).tolist()
        for (message, _), fault in zip(checks, failed, strict=True):
            if fault:
                raise SpaceError(message, hint="look for missing values or a wrong transform")
        return self

    @property
    def n(self) -> int:
        """The number of points."""
        if self.points is not None:
            return self.points.shape[0]
        assert self.distances is not None
        return self.distances.shape[0]

    @property
    def like(self) -> Tensor:
        """The tensor that dtype and device are taken from: the points, else the distances."""
        if self.points is not None:
            return self.points
        assert self.distances is not None
        return self.distances

    @property
    def flat(self) -> Tensor:
        """The points as vectors, (n, p).

        Raises:
            SpaceError: Where the space has distances alone.
        """
        if self.points is None:
            raise SpaceError(
                "this needs points, and the space has distances alone",
                hint="give points=, or take an estimator that works on distances",
            )
        return self.points.reshape(self.n, -1)

    @property
    def mass(self) -> Tensor:
        """The weights as probabilities, (n,): normalised, or uniform."""
        if self.weights is None:
            return self.like.new_full((self.n,), 1.0 / self.n)
        return self.weights / self.weights.sum()

    def supported(self) -> tuple[MMSpace, Tensor | None]:
        """The space without its massless points, and the indices of those kept, (k,).

        The space itself and None where no point is massless; given weights cost one host
        synchronisation.
        """
        if self.weights is None or bool((self.weights > 0).all()):
            return self, None
        kept = (self.weights > 0).nonzero()[:, 0]
        points = None if self.points is None else self.points[kept]
        distances = None if self.distances is None else self.distances[kept][:, kept]
        return MMSpace(points, distances, self.weights[kept], self.cost), kept

    @property
    def d(self) -> Tensor:
        """The ground costs of all pairs, (n, n): differentiable, computed once when first asked."""
        return self._d if torch.is_grad_enabled() else self._d.detach()

    @cached_property
    def _d(self) -> Tensor:
        if self.distances is not None:
            return self.distances
        # with a graph even under no_grad: the matrix is kept for a later call that needs one
        with torch.enable_grad():
            if callable(self.cost):
                return self._called(self.flat, self.flat)
            return pairwise_distances(self.flat, cost=self.cost)

    def block(self, rows: Tensor | slice, cols: Tensor | slice) -> Tensor:
        """The ground costs of some pairs, (k, l), without the others; differentiable.

        Args:
            rows: Indices, (k,), or a slice.
            cols: Indices, (l,), or a slice.
        """
        if self.distances is not None:
            return self.distances[rows][:, cols]
        if callable(self.cost):
            return self._called(self.flat[rows], self.flat[cols])
        return pairwise_distances(self.flat[rows], self.flat[cols], cost=self.cost)

    def _called(self, x: Tensor, y: Tensor) -> Tensor:
        assert callable(self.cost)
        d = self.cost(x, y)
        if d.shape != (len(x), len(y)):
            raise SpaceError(
                f"the ground cost returned {tuple(d.shape)} for {len(x)} and {len(y)} points",
                hint="it must map ((n, p), (m, p)) to (n, m)",
            )
        return d


@dataclass(frozen=True, eq=False)
class SparsePlan:
    """A coupling by its non-zero entries: T[rows[k], cols[k]] = mass[k].

    A permutation of n points is such a plan with n entries of mass 1/n.

    Attributes:
        rows: (k,) int64.
        cols: (k,) int64.
        mass: (k,) non-negative.
        shape: (n, m).
        rows_in_order: Whether rows are 0, 1, ..., n - 1, as those of a permutation are; known by
            whoever builds the plan, it saves gathering.
    """

    rows: Tensor
    cols: Tensor
    mass: Tensor
    shape: tuple[int, int]
    rows_in_order: bool = False

    def dense(self) -> Tensor:
        """The coupling as a matrix, (n, m)."""
        plan = self.mass.new_zeros(self.shape)
        return plan.index_put((self.rows, self.cols), self.mass, accumulate=True)

    def marginals(self) -> tuple[Tensor, Tensor]:
        """Sums over rows, (n,), and over columns, (m,)."""
        p = self.mass.new_zeros(self.shape[0]).index_add(0, self.rows, self.mass)
        q = self.mass.new_zeros(self.shape[1]).index_add(0, self.cols, self.mass)
        return p, q

    def marginal_error(self, p: Tensor, q: Tensor) -> float:
        """|T 1 - p|_1 + |T^T 1 - q|_1."""
        rows, cols = self.marginals()
        return float((rows - p).abs().sum() + (cols - q).abs().sum())


@dataclass(frozen=True, eq=False)
class GWResult:
    """What an estimator found for two spaces.

    Attributes:
        value: sum_ijkl |c_x(i,j) - c_z(k,l)|^rho T_ik T_jl, 0-d; no factor 1/2 and no root.
        objective: What was minimised, with its regulariser, 0-d: this is what is differentiated.
        plan: The coupling, (n, m), detached: a matrix, a `SparsePlan`, or None.
        converged: Whether the solver's own stopping rule was met.
        n_iter: Iterations of the outer loop.
        marginal_error: |T 1 - p|_1 + |T^T 1 - q|_1 of the plan.
        gamma: The cross-covariance X^T T Z, (p, q), that the next similar problem may start from,
            where the solver works with one.
    """

    value: Tensor
    objective: Tensor
    plan: Tensor | SparsePlan | None
    converged: bool
    n_iter: int
    marginal_error: float
    gamma: Tensor | None = None

    def dense(self) -> Tensor:
        """The coupling as a matrix, (n, m).

        Raises:
            SpaceError: Where the estimator has no coupling.
        """
        if self.plan is None:
            raise SpaceError(
                "this estimator gives no coupling", hint="take one that solves, such as exact"
            )
        return self.plan.dense() if isinstance(self.plan, SparsePlan) else self.plan
