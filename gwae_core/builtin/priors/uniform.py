"""The uniform prior on a cube of unit variance."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from gwae_core.interfaces import DensityPrior

HALF_WIDTH = math.sqrt(3.0)
"""Half the edge of the cube: U[-a, a] has variance a^2 / 3."""


class Uniform(DensityPrior):
    """Uniform distribution on the cube [-sqrt 3, sqrt 3]^d: mean 0 and variance 1, fixed.

    log pi(z) = -d log(2 sqrt 3) inside the cube, -inf outside. Samples have shape (n, d).

    Source: elementary probability.
    """

    class Config(DensityPrior.Config):
        """The distribution has no parameters."""

        type: Literal["uniform"] = "uniform"

    config: Config

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw z ~ U[-sqrt 3, sqrt 3]^d: (n, d)."""
        like = self.anchor
        shape = (n, self.latent_dim)
        u = torch.rand(shape, generator=generator, device=like.device, dtype=like.dtype)
        return HALF_WIDTH * (2 * u - 1)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density in nats of codes (n, d): (n,)."""
        inside = (z.abs() <= HALF_WIDTH).all(1)  # (n,)
        return torch.where(inside, -z.shape[1] * math.log(2 * HALF_WIDTH), -torch.inf).to(z.dtype)
