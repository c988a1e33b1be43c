"""The debiased Sinkhorn divergence."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from gwae_core.builtin.divergences.transport import dual_value, potentials, self_potential
from gwae_core.interfaces import Divergence, Sample
from gwae_core.spaces import pairwise_distances


class Sinkhorn(Divergence):
    """Debiased Sinkhorn divergence with the cost |z - z'|^2 / 2.

    S(q, p) = OT(q, p) - OT(q, q) / 2 - OT(p, p) / 2 with
    OT(q, p) = min_T <T, C> + eps KL(T | q p^T). It is positive, zero only at q = p, and a shift by
    delta costs |delta|^2 / 2 (Genevay et al., 2018; Feydy et al., 2019). The potentials are solved
    without a graph; the gradient, exact where they have converged, reaches codes (n, d) and
    weights (n,) through the dual value. Before convergence the value is too small, by an error of
    second order in the tolerance.
    """

    class Config(Divergence.Config):
        """Parameters of the solver."""

        type: Literal["sinkhorn"] = "sinkhorn"
        epsilon: PositiveFloat = 0.05
        """Regularisation in units of d, which is the mean cost of standardised codes."""
        tolerance: PositiveFloat = 1e-3
        """Accepted violation of the marginals, as a share of the mass."""
        max_iterations: PositiveInt = 100
        """Largest number of iterations, beside the annealing of epsilon."""

    config: Config

    def forward(self, q: Sample, p: Sample, *, generator: torch.Generator | None = None) -> Tensor:
        """S(q, p) of codes (n, d) and (m, d), a 0-d tensor; deterministic."""
        a, b = q.mass, p.mass
        epsilon = self.config.epsilon * q.z.shape[1]
        c_qp = pairwise_distances(q.z, p.z, cost="sqeuclidean") / 2  # (n, m)
        c_qq = pairwise_distances(q.z, cost="sqeuclidean") / 2  # (n, n)
        c_pp = pairwise_distances(p.z, cost="sqeuclidean") / 2  # (m, m)
        tolerance, limit = self.config.tolerance, self.config.max_iterations
        with torch.no_grad():
            f_qq = self_potential(
                c_qq, a, epsilon=epsilon, tolerance=tolerance, max_iterations=limit
            )
            f_pp = self_potential(
                c_pp, b, epsilon=epsilon, tolerance=tolerance, max_iterations=limit
            )
            f, g = potentials(
                c_qp,
                a,
                b,
                start=f_pp,
                epsilon=epsilon,
                tolerance=tolerance,
                max_iterations=limit,
            )
        return (
            dual_value(c_qp, a, b, f, g, epsilon=epsilon)
            - dual_value(c_qq, a, a, f_qq, f_qq, epsilon=epsilon) / 2
            - dual_value(c_pp, b, b, f_pp, f_pp, epsilon=epsilon) / 2
        )
