"""The one rule that picks a solver's effort from the number of points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Effort:
    """How hard `exact_gw` works.

    Attributes:
        updates: Temperatures of the annealing, one update of Gamma each.
        inner: Sinkhorn iterations at each temperature.
        steps: Linear problems of a descent at most.
        starts: Annealed starts at least, as one batch.
        exchange: Whether permutations are refined by pairwise exchanges.
        double: Whether to compute in float64.
        dense: Whether costs without exact features anneal on their full matrices.
        components: Kernel-PCA features of such costs otherwise.
        coarse: Points of the coarser problem that is solved first, or None.
        polish: Whether such costs are polished on their full matrices.
        landmarks: Points that their features are computed from where no full matrix is held.
    """

    updates: int
    inner: int
    steps: int
    starts: int
    exchange: bool
    double: bool
    dense: bool
    components: int
    coarse: int | None
    polish: bool
    landmarks: int | None

    def epsilons(self, scale: float, *, warm: bool = False) -> list[float]:
        """Temperatures from 0.3 (0.1 where warm) down to 0.02, times ``scale``."""
        count, top = (self.updates // 2, 0.1) if warm else (self.updates, 0.3)
        return [float(e) for e in np.geomspace(top, 0.02, count) * max(scale, 1e-30)]


def effort_of(n: int) -> Effort:
    """The effort for a larger side of n points.

    Up to 32 points float64, eight starts and pairwise exchanges cost little; up to 192 an
    n x n x n product is cheaper than features; from 800 on, an assignment costs more than the
    slower annealing that saves some; from 3,000 on, the annealing begins on 1,000 points and the
    whole problem follows it by blocks; beyond 4,000 no full cost matrix is held.
    """
    return Effort(
        updates=14 if n <= 96 else 18 if n < 800 else 36,
        inner=2 if n < 800 else 4,
        steps=100 if n <= 32 else 2 if n < 800 else 20,
        starts=8 if n <= 32 else 1,
        exchange=n <= 32,
        double=n <= 32,
        dense=n <= 192,
        components=64,
        coarse=1_000 if n >= 3_000 else None,
        polish=n <= 4_000,
        landmarks=1_000 if n > 4_000 else None,
    )
