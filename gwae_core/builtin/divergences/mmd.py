"""The maximum mean discrepancy."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from gwae_core.errors import ComponentError
from gwae_core.interfaces import Divergence, Sample
from gwae_core.spaces import pairwise_distances


class MMD(Divergence):
    """Squared maximum mean discrepancy with a mixture of kernels at the samples' own scale.

    MMD^2 = E k(z, z') + E k(w, w') - 2 E k(z, w) for z, z' ~ q and w, w' ~ p, estimated without the
    pairs of a point and itself, so without bias: it is zero on average where q = p, and negative
    half of the time (Gretton et al., 2012). Weighted samples a, b have the sums
    sum_{i != j} a_i a_j k(z_i, z_j) / (1 - sum_i a_i^2) and sum_ij a_i b_j k(z_i, w_j).

    k is the mean over scales s of exp(-|z - w|^2 / (s h)) (``gaussian``) or of
    s h / (s h + |z - w|^2) (``imq``), where h is the median squared distance of the pooled sample:
    it neither saturates nor vanishes in any number of dimensions. No gradient flows through h.
    """

    class Config(Divergence.Config):
        """Parameters of the kernel."""

        type: Literal["mmd"] = "mmd"
        kernel: Literal["gaussian", "imq"] = "gaussian"
        """Gaussian kernels, or inverse multiquadrics, whose tails are heavier."""
        scales: tuple[PositiveFloat, ...] = Field((0.1, 0.3, 1.0, 3.0, 10.0), min_length=1)
        """Squared bandwidths in units of the median squared distance."""

    config: Config

    def forward(self, q: Sample, p: Sample, *, generator: torch.Generator | None = None) -> Tensor:
        """MMD^2 of codes (n, d) and (m, d), a 0-d tensor; deterministic.

        Raises:
            ComponentError: A sample has a single point, which has no pairs.
        """
        if min(len(q.z), len(p.z)) < 2:
            raise ComponentError(
                f"an unbiased MMD needs two points a sample, got {len(q.z)} and {len(p.z)}",
                hint="use larger batches, or the divergence sinkhorn",
            )
        pooled = torch.cat([q.z, p.z])
        d = pairwise_distances(pooled, cost="sqeuclidean")  # (n + m, n + m)
        rows, columns = torch.triu_indices(len(d), len(d), offset=1, device=d.device)
        pairs = d.detach()[rows, columns]
        h = pairs.median()
        # most pairs may coincide: then any scale that is positive will do
        h = torch.where(h > 0, h, pairs.mean()).clamp_min(torch.finfo(d.dtype).eps)
        k = torch.stack([self._kernel(d, s * h) for s in self.config.scales]).mean(0)
        a, b, n = q.mass, p.mass, len(q.z)
        return _pairs_mean(k[:n, :n], a) + _pairs_mean(k[n:, n:], b) - 2 * (a @ k[:n, n:] @ b)

    def _kernel(self, d: Tensor, bandwidth: Tensor) -> Tensor:
        if self.config.kernel == "gaussian":
            return torch.exp(-d / bandwidth)
        return bandwidth / (bandwidth + d)


def _pairs_mean(k: Tensor, a: Tensor) -> Tensor:
    """The weighted mean of k over pairs of different points; k is 1 on its diagonal."""
    alone = a.square().sum()
    return (a @ k @ a - alone) / (1 - alone)
