"""Whether generated points lie among real ones, and real ones among generated ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.spaces import blocks_of

ROUNDING = 1e-12
"""Share of the largest squared norm below which squared distances count as equal."""


@dataclass(frozen=True)
class ManifoldScores:
    """One value for each point, whose mean is the score.

    Attributes:
        precision: Whether a generated point lies in the ball of some real one, (m,).
        recall: Whether a real point lies in the ball of some generated one, (n,).
        density: In how many balls of real points a generated one lies, over k, (m,).
        coverage: Whether the ball of a real point holds a generated one, (n,).
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    density: NDArray[np.float64]
    coverage: NDArray[np.float64]


def manifold_scores(
    real: NDArray[Any], generated: NDArray[Any], *, neighbors: int = 3, wide_neighbors: int = 5
) -> ManifoldScores:
    """Precision, recall (Kynkäänniemi et al., 2019), density and coverage (Naeem et al., 2020).

    The ball of a point reaches to its k-th nearest neighbour in its own set, the point itself not
    counted: k = 3 for precision and recall, 5 for density and coverage, as published.

    Args:
        real: Features, (n, k).
        generated: Features, (m, k).
        neighbors: k of precision and recall, below n and m.
        wide_neighbors: k of density and coverage, below n.

    Raises:
        DataError: There are no more points than neighbours.
    """
    least = max(neighbors, wide_neighbors)
    if len(real) <= least or len(generated) <= neighbors:
        raise DataError(
            f"balls that reach to {least} neighbours need more points than that; got {len(real)} "
            f"real and {len(generated)} generated ones",
            hint="generate more samples, or take fewer neighbours",
        )
    x, y = real.astype(np.float64), generated.astype(np.float64)
    centre = x.mean(axis=0)  # squares of distances keep their digits about the origin
    x, y = x - centre, y - centre
    rounding = ROUNDING * max(float(np.square(p).sum(axis=1).max()) for p in (x, y))
    radii = _radii(x, (neighbors, wide_neighbors)) + rounding  # (2, n), squared
    radii_y = _radii(y, (neighbors,))[0] + rounding
    inside, count = np.zeros(len(y), bool), np.zeros(len(y))
    recall, coverage = np.zeros(len(x), bool), np.zeros(len(x), bool)
    for rows, d in _blocks(x, y):
        inside |= (d <= radii[0, rows, None]).any(axis=0)
        near = d <= radii[1, rows, None]
        count += near.sum(axis=0)
        coverage[rows] = near.any(axis=1)
        recall[rows] = (d <= radii_y).any(axis=1)
    return ManifoldScores(
        precision=inside.astype(np.float64),
        recall=recall.astype(np.float64),
        density=count / wide_neighbors,
        coverage=coverage.astype(np.float64),
    )


def _radii(points: NDArray[np.float64], neighbors: tuple[int, ...]) -> NDArray[np.float64]:
    """Squared distance of each point to its k-th nearest other, for several k: (several, n)."""
    radii = np.empty((len(neighbors), len(points)))
    for rows, d in _blocks(points, points):
        # a point lies before all others at distance zero, whatever rounding says
        d[np.arange(len(d)), np.arange(rows.start, rows.start + len(d))] = -1.0
        radii[:, rows] = np.partition(d, neighbors, axis=1)[:, list(neighbors)].T
    return np.maximum(radii, 0.0)


def _blocks(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Squared distances |a|^2 + |b|^2 - 2 a . b of some rows of a at a time to all of b."""
    squares_a, squares_b = np.square(a).sum(axis=1), np.square(b).sum(axis=1)
    for rows in blocks_of(len(a), len(b)):
        d = a[rows] @ (-2 * b.T)
        d += squares_a[rows, None]
        d += squares_b
        yield rows, d
