"""The standard normal prior."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from gwae_core.interfaces import DensityPrior, Posterior
from gwae_core.posteriors import GaussianPosterior


class Normal(DensityPrior):
    """Standard normal distribution N(0, I), fixed.

    log pi(z) = -|z|^2 / 2 - d/2 log 2 pi (Kingma and Welling, 2014). Samples have shape (n, d).
    """

    class Config(DensityPrior.Config):
        """The distribution has no parameters."""

        type: Literal["normal"] = "normal"

    config: Config

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw z ~ N(0, I): (n, d)."""
        return self.noise(n, generator=generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density in nats of codes (n, d): (n,)."""
        return -0.5 * (z.square().sum(1) + z.shape[1] * math.log(2 * math.pi))

    def kl(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL(q(z | x) | N(0, I)), (n,): for a Gaussian posterior in closed form.

        1/2 sum_d (mean_d^2 + sigma_d^2 - 1 - log sigma_d^2).
        """
        if not isinstance(posterior, GaussianPosterior):
            return super().kl(posterior, z)
        log_variance = posterior.log_variance
        return 0.5 * (posterior.mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)
