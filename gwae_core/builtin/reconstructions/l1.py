"""The absolute error."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from gwae_core.interfaces import Reconstruction


class L1(Reconstruction):
    """Absolute error: the negative log likelihood of a Laplace distribution.

    |x - g(z)|_1, summed over all data dimensions: -log p(x) of independent Laplace distributions of
    scale 1, up to the constant log 2 a dimension. Outliers pull less than in the squared error, and
    the best prediction is the median.

    Source: Laplace's first law of errors (1774).
    """

    class Config(Reconstruction.Config):
        """Parameters of the reconstruction: none."""

        type: Literal["l1"] = "l1"

    config: Config

    def loss(self, params: Tensor, x: Tensor) -> Tensor:
        """|x - params|_1 of each point: (n,)."""
        return (x - params).abs().flatten(1).sum(1)

    def mean(self, params: Tensor) -> Tensor:
        """Expected data: the parameters themselves, (n, *data_shape)."""
        return params
