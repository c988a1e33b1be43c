"""The sliced Wasserstein distance."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from pydantic import PositiveInt
from torch import Tensor

from gwae_core.errors import ComponentError
from gwae_core.interfaces import Divergence, Sample


class SlicedWasserstein(Divergence):
    """Squared sliced Wasserstein distance, scaled so that a shift by delta costs |delta|^2 / 2.

    SW = d/2 E_theta int_0^1 |Q_q(t) - Q_p(t)|^2 dt, with Q the weighted quantile functions of the
    projections on theta, uniform on the sphere in d dimensions; theta is drawn anew in each call
    (Bonneel et al., 2015). Exact for d = 1. Sizes may differ; gradients reach codes and weights.
    Time O(L (n + m) log(n + m)) for L projections.
    """

    class Config(Divergence.Config):
        """Number of projections."""

        type: Literal["sliced-wasserstein"] = "sliced-wasserstein"
        projections: PositiveInt = 100
        """Number of random directions."""

    config: Config
    sums_dimensions: ClassVar[bool] = True

    def forward(self, q: Sample, p: Sample, *, generator: torch.Generator | None = None) -> Tensor:
        """SW of codes (n, d) and (m, d), a 0-d tensor.

        Raises:
            ComponentError: The codes differ in dimension.
        """
        d = q.z.shape[1]
        if p.z.shape[1] != d:
            raise ComponentError(f"codes of {d} and of {p.z.shape[1]} dimensions have no distance")
        shape = (d, self.config.projections)
        theta = torch.randn(shape, generator=generator, device=q.z.device, dtype=q.z.dtype)
        theta = theta / theta.norm(dim=0)
        x, y = (q.z @ theta).T, (p.z @ theta).T  # (L, n), (L, m)
        if q.weights is None and p.weights is None and x.shape == y.shape:
            squared: Tensor = (x.sort(dim=1).values - y.sort(dim=1).values).square().mean(1)  # (L,)
        else:
            squared = wasserstein_1d(x, y, q.mass, p.mass)  # (L,)
        return squared.mean() * (d / 2)


def wasserstein_1d(x: Tensor, y: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """int_0^1 |Q_x(t) - Q_y(t)|^2 dt of L pairs of weighted samples of numbers.

    Both quantile functions are constant between neighbouring steps of the distribution functions.

    Args:
        x: (L, n).
        y: (L, m).
        a: Weights of x, sum 1, (n,).
        b: Weights of y, sum 1, (m,).

    Returns:
        Squared distances (L,), differentiable in all four.
    """
    x, order_x = x.sort(dim=1)
    y, order_y = y.sort(dim=1)
    cdf_x, cdf_y = a[order_x].cumsum(1), b[order_y].cumsum(1)  # (L, n), (L, m)
    steps = torch.cat([cdf_x, cdf_y], dim=1).sort(dim=1).values  # (L, n + m)
    lengths = steps.diff(dim=1, prepend=torch.zeros_like(steps[:, :1]))
    # midpoints fall between steps, so that rounding cannot put an interval beside its quantile
    middle = (steps - lengths / 2).detach()
    i = torch.searchsorted(cdf_x.detach(), middle).clamp(max=x.shape[1] - 1)
    j = torch.searchsorted(cdf_y.detach(), middle).clamp(max=y.shape[1] - 1)
    return (lengths * (x.gather(1, i) - y.gather(1, j)).square()).sum(1)
