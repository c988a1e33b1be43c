"""The Gaussian likelihood whose variance is learned."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import PositiveFloat
from torch import Tensor, nn

from gwae_core import BuildContext, Reconstruction
from gwae_core.context import require

RATE = 10.0
"""Log sigma in units of its parameter. An optimiser such as Adam moves a parameter by its learning
rate a step; this takes log sigma to its place in hundreds of steps, not in thousands."""


class Gaussian(Reconstruction):
    """Gaussian likelihood with one learned standard deviation for all data dimensions.

    -log N(x; g(z), sigma^2 I) = |x - g(z)|^2 / (2 sigma^2) + D log sigma + D/2 log 2 pi for D
    dimensions (Rybkin et al., 2021). At its optimum sigma is the root mean square error, so that
    neither the scale of the data nor their number of dimensions decides what a divergence beside it
    weighs. Sigma starts at the scale of the data.
    """

    class Config(Reconstruction.Config):
        """The bound of sigma."""

        type: Literal["gaussian"] = "gaussian"
        smallest: PositiveFloat = 0.01
        """Lower bound of sigma, in units of the data's scale."""

    config: Config
    scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        scale = require(context, self).statistics.scale
        self.register_buffer("scale", torch.tensor(scale))
        self.relative = nn.Parameter(torch.tensor(0.0))

    @property
    def log_sigma(self) -> Tensor:
        """Log sigma, a 0-d tensor."""
        relative = (RATE * self.relative).clamp_min(math.log(self.config.smallest))
        return self.scale.log() + relative

    def loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Negative log likelihood in nats of each point, given means (n, *data_shape): (n,)."""
        log_sigma = self.log_sigma
        squares = (x - params).flatten(1).square()  # (n, D)
        each = 0.5 * squares * torch.exp(-2 * log_sigma) + log_sigma + 0.5 * math.log(2 * math.pi)
        return each.sum(1)

    def mean(self, params: Tensor) -> Tensor:
        """Expected data: the parameters themselves, (n, *data_shape)."""
        return params
