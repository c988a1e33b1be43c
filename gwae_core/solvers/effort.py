"""The one rule that picks a solver's effort from the number of points."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How hard `exact_gw` works.

    Attributes:
        updates: Temperatures of the annealing, one update of Gamma each.
        low: The last of them, in units of the objective of the product coupling.
        inner: Sinkhorn iterations at each temperature.
        renew: Whether a descent renews its duals by a few such iterations before a linear step.
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
    low: float
    inner: int
    renew: bool
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
        """Temperatures from 0.3 (0.1 where warm) down to ``low``, times ``scale``."""
        count, top = (self.updates // 2, 0.1) if warm else (self.updates, 0.3)
        ratio = (self.low / top) ** (1 / (count - 1))
        return [top * ratio**k * max(scale, 1e-30) for k in range(count)]


def effort_of(n: int) -> Effort:
    """The effort for a larger side of n points.

    Up to 32 points float64, eight starts and pairwise exchanges cost little; up to 192 an
    n x n x n product is cheaper than features, and linear steps from fewer and higher temperatures
    end lower; from 800 on, an assignment costs more than the
    slower annealing that saves some; from 3,000 on, the annealing begins on 1,000 points and the
    whole problem follows it by blocks; beyond 4,000 no full cost matrix is held.
    """
    return Effort(
        updates=14 if n <= 32 else 10 if n <= 192 else 18 if n < 800 else 36,
        low=0.05 if 32 < n <= 192 else 0.02,
        inner=2 if n < 800 else 4,
        renew=n > 192,
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
