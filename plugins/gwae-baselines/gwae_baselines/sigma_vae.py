"""The sigma-VAE."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import PositiveFloat
from torch import Tensor

from gwae_baselines.likelihood import require_squared_error
from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, Objective, Posterior
from gwae_core.context import require
from gwae_core.ramps import Weight


class SigmaVAE(PenalizedAutoencoder):
    """VAE whose Gaussian likelihood has the variance that fits best (sigma-VAE).

    L = E_q[-log N(x; g(z~), sigma^2 I)] + beta E_x KL(q(z | x) | pi), and so
    |x - x^|^2 / (2 sigma^2) + D log sigma + D/2 log 2 pi for D data dimensions, with one sigma for
    all of them: the root mean square error of the batch (n, D), which is optimal (Rybkin et al.,
    2021). With a learned sigma it is the objective ``vae`` over the reconstruction ``gaussian``.
    """

    class Config(Objective.Config):
        """The bound of sigma, and the weight of the divergence."""

        type: Literal["sigma-vae"] = "sigma-vae"
        smallest: PositiveFloat = 0.01
        """Lower bound of sigma, in units of the data's scale."""
        beta: Weight = 1.0
        """Weight of the divergence: a number, or a ramp over the run."""

    config: Config
    floor: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        require_squared_error(self)
        scale = require(context, self).statistics.scale
        self.register_buffer("floor", torch.tensor(math.log(config.smallest * scale)))

    def log_scale(self, squares: Tensor) -> Tensor:
        """Log sigma, a 0-d tensor, given squared errors (n, D)."""
        # the gradient through the minimiser is zero
        best = 0.5 * squares.detach().mean().clamp_min(torch.finfo(squares.dtype).tiny).log()
        return torch.maximum(best, self.floor)

    def reconstruction_loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Negative log likelihood of a point in nats, a mean over the batch: a 0-d tensor."""
        squares = (x - self.reconstruction.mean(params)).flatten(1).square()  # (n, D)
        log_sigma = self.log_scale(squares)
        each = 0.5 * squares * torch.exp(-2 * log_sigma) + log_sigma + 0.5 * math.log(2 * math.pi)
        return each.sum(1).mean()

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``divergence``."""
        return {"divergence": self.weight(self.config.beta) * self.kl(coded)}

    @torch.no_grad()
    def observe(
        self, posterior: Posterior, z_tilde: Tensor, x_hat: Tensor, x: Tensor
    ) -> dict[str, Tensor]:
        """What every autoencoder observes, and ``sigma``."""
        squares = (x - x_hat).flatten(1).square()
        found = super().observe(posterior, z_tilde, x_hat, x)
        return {**found, "sigma": self.log_scale(squares).exp()}
