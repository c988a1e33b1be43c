"""The Sinkhorn divergence, its transport problems solved by geomloss."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from gwae_core import Divergence, Sample
from gwae_geomloss.transport import solve


class GeomlossSinkhorn(Divergence):
    """Debiased Sinkhorn divergence with the cost |z - z'|^2 / 2, by geomloss.

    S(q, p) = OT(q, p) - OT(q, q) / 2 - OT(p, p) / 2 with OT(q, p) = min_T <T, C> +
    eps KL(T | q p^T) (Feydy et al., 2019): the same number as core's `sinkhorn` with
    ``debias: self``, in O(n) memory on a GPU with KeOps, so for samples of 100,000 codes. The
    gradient in codes and weights is that of the dual value at the potentials found.
    """

    class Config(Divergence.Config):
        """Parameters of the solver."""

        type: Literal["geomloss-sinkhorn"] = "geomloss-sinkhorn"
        epsilon: PositiveFloat = 0.05
        """Regularisation in units of d, which is the mean cost of standardised codes."""
        annealing: PositiveInt = 30
        """geomloss's iterations, from the squared diameter down to epsilon."""
        tolerance: PositiveFloat = 1e-3
        """Accepted violation of the marginals, as a share of the mass."""
        max_iterations: PositiveInt = 100
        """Largest number of iterations at epsilon that follow."""

    config: Config
    sums_dimensions: ClassVar[bool] = True

    def forward(self, q: Sample, p: Sample, *, generator: torch.Generator | None = None) -> Tensor:
        """S(q, p) of codes (n, d) and (m, d), a 0-d tensor; deterministic."""
        across = self._transport(q, p)
        return across - self._transport(q, q) / 2 - self._transport(p, p) / 2

    def _transport(self, q: Sample, p: Sample) -> Tensor:
        """<q, f> + <p, g> - eps (sum T - 1) at the potentials found, a 0-d tensor."""
        config = self.config
        epsilon = config.epsilon * q.z.shape[1]
        # |x - y|^2 / 2 is geomloss's cost of points divided by the root of two; no gradient flows
        # through the centre, which no distance depends on
        centre = q.z.detach().mean(0)
        x = (q.z - centre) / 2**0.5
        y = x if q is p else (p.z - centre) / 2**0.5
        fixed_x = x.detach()
        # geomloss refuses masses that differ, be it by rounding
        a, b = q.mass / q.mass.sum(), p.mass / p.mass.sum()
        coupling = solve(
            fixed_x,
            fixed_x if y is x else y.detach(),
            a.detach(),
            b.detach(),
            epsilon=epsilon,
            annealing=config.annealing,
            tolerance=config.tolerance,
            max_iter=config.max_iterations,
        )
        f, g = coupling.f, coupling.g
        rows, cols = coupling.densities()
        value = a.detach() @ f + b.detach() @ g - epsilon * (coupling.p @ rows - 1)
        # the derivatives of the dual: T in the costs, f - eps T 1 / q in the weights; each term is
        # zero itself
        cost = (
            (coupling.p * rows) @ x.square().sum(1)
            + (coupling.q * cols) @ y.square().sum(1)
            - 2 * (x * coupling.times(y)).sum()
        )
        value = value + (cost - cost.detach())
        value = value + (a - a.detach()) @ (f - epsilon * rows)
        return value + (b - b.detach()) @ (g - epsilon * cols)
