"""The Bernoulli likelihood."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from gwae_core.errors import DataError
from gwae_core.interfaces import Reconstruction


class Bernoulli(Reconstruction):
    """Bernoulli likelihood of data in [0, 1], from logits.

    -log p(x) = -sum_j [ x_j log s(l_j) + (1 - x_j) log(1 - s(l_j)) ], l the logits, s the logistic
    function (Kingma and Welling, 2014). Suits black-and-white and mostly black images, where the
    squared error finds the mean image.
    """

    class Config(Reconstruction.Config):
        """Parameters of the reconstruction: none."""

        type: Literal["bernoulli"] = "bernoulli"

    config: Config

    def check_data(self, low: float, high: float) -> None:
        """Refuse data outside [0, 1].

        Raises:
            DataError: The data leave [0, 1].
        """
        # Negated, so that NaN is refused too.
        if not (low >= 0 and high <= 1):
            raise DataError(
                f"the bernoulli reconstruction needs data in [0, 1]; these lie in "
                f"[{low:g}, {high:g}]",
                hint="scale the data, or set `reconstruction: squared-error`",
            )

    def loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Cross-entropy in nats of each point, given logits (n, *data_shape): (n,)."""
        return binary_cross_entropy_with_logits(params, x, reduction="none").flatten(1).sum(1)

    def mean(self, params: Tensor) -> Tensor:
        """Expected data, the logistic function of the logits: (n, *data_shape)."""
        return params.sigmoid()
