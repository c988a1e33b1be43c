"""GECO: a VAE with a constraint on its reconstruction."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from gwae_baselines.likelihood import require_squared_error
from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, Objective, Posterior

BOUND = math.log(1e6)
"""Largest log multiplier, either way: a constraint that cannot be met must not end in infinity."""


class GECO(PenalizedAutoencoder):
    """VAE of the least divergence whose reconstruction is good enough (GECO).

    min E_x KL(q(z | x) | pi) subject to C <= 0, C = E |x - x^|^2 / tr Cov(x) - tolerance, by the
    Lagrangian KL + mu tr Cov(x) / 2 C with data (n, *data_shape): the multiplier mu weighs half
    squared errors, so that mu = 1 is the VAE's. At each step log mu grows by rate times a moving
    average of C (Rezende and Viola, 2018): up while the constraint is violated, down while it is
    slack.
    """

    class Config(Objective.Config):
        """The constraint, and how fast the multiplier follows it."""

        type: Literal["geco"] = "geco"
        tolerance: float = Field(0.1, gt=0, lt=1)
        """Largest squared error, as a share of the data's total variance."""
        rate: PositiveFloat = 0.02
        """Step of the log multiplier."""
        averaging: float = Field(0.9, ge=0, lt=1)
        """Weight of the past in the moving average of C."""

    config: Config
    log_multiplier: Tensor
    average: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        require_squared_error(self)
        self.register_buffer("log_multiplier", torch.tensor(0.0))
        self.register_buffer("average", torch.tensor(0.0))

    def reconstruction_loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Mu tr Cov(x) / 2 C, a 0-d tensor; in training the multiplier moves afterwards."""
        x_hat = self.reconstruction.mean(params)
        error = (x - x_hat).flatten(1).square().sum(1).mean()
        violation = error / self.total_variance - self.config.tolerance
        loss = self.log_multiplier.exp() * self.total_variance / 2 * violation
        if self.training:
            self._move(violation.detach())
        return loss

    @torch.no_grad()
    def _move(self, violation: Tensor) -> None:
        past = self.config.averaging
        self.average.lerp_(violation.to(self.average), 1 - past)
        self.log_multiplier.add_(self.config.rate * self.average).clamp_(-BOUND, BOUND)

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``divergence``."""
        return {"divergence": self.kl(coded)}

    def observe(
        self, posterior: Posterior, z_tilde: Tensor, x_hat: Tensor, x: Tensor
    ) -> dict[str, Tensor]:
        """What every autoencoder observes, and ``multiplier``."""
        found = super().observe(posterior, z_tilde, x_hat, x)
        return {**found, "multiplier": self.log_multiplier.exp()}
