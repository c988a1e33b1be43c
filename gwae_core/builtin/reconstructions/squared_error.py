"""The squared error."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from gwae_core.interfaces import Reconstruction


class SquaredError(Reconstruction):
    """Half the squared Euclidean distance between data and decoder output.

    1/2 |x - g(z)|^2, summed over all data dimensions: the negative log likelihood of a Gaussian of
    unit variance, up to a constant (Nakagawa et al., 2023).
    """

    class Config(Reconstruction.Config):
        """Parameters of the reconstruction: none."""

        type: Literal["squared-error"] = "squared-error"

    config: Config

    def loss(self, params: Tensor, x: Tensor) -> Tensor:
        """1/2 |x - params|^2 of each point: (n,)."""
        return 0.5 * (x - params).square().flatten(1).sum(1)

    def mean(self, params: Tensor) -> Tensor:
        """Expected data: the parameters themselves, (n, *data_shape)."""
        return params
