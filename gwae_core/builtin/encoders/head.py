"""The last layer of an encoder: features to a posterior with bounded log variance."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import field_validator
from torch import Tensor, nn

from gwae_core.builtin.encoders.inputs import InputTransform
from gwae_core.interfaces import Encoder, Posterior
from gwae_core.posteriors import DeterministicPosterior, GaussianPosterior


class HeadConfig(Encoder.Config):
    """Parameters that encoders of one Gaussian level share."""

    input: InputTransform = "standardize"
    """Transform of the data: ``standardize`` subtracts the training mean of each dimension and
    divides by one scale; ``logit`` is for data in [0, 1]; ``log1p`` is for counts; ``none`` leaves
    them as they are."""
    posterior: Literal["gaussian", "deterministic"] = "gaussian"
    """Diagonal Gaussian posteriors, or codes without spread."""
    log_variance: tuple[float, float] = (-8.0, 2.0)
    """Lower and upper bound of each log variance (natural logarithm), approached smoothly."""

    @field_validator("log_variance")
    @classmethod
    def _is_an_interval(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not value[0] < value[1]:
            raise ValueError(f"the lower bound {value[0]:g} must be below the upper {value[1]:g}")
        return value


def soft_clamp(value: Tensor, low: float, high: float) -> Tensor:
    """Squash into (low, high): m + h u / sqrt(1 + u^2), u = (value - m) / h, m mid, h half width.

    Unlike tanh or softplus, whose float32 gradient is exactly zero a few half widths away, its
    slope (1 + u^2)^(-3/2) falls algebraically, so that an encoder always finds back.
    """
    middle, half = (high + low) / 2, (high - low) / 2
    u = (value - middle) / half
    return middle + half * u * torch.rsqrt(1 + u.square())


class Head(nn.Module):
    """Linear maps of features to the mean, and to the bounded log variance where there is one.

    Args:
        features: Number of features.
        latent_dim: Number of latent dimensions d.
        config: Kind of posterior and bounds.
    """

    def __init__(self, features: int, latent_dim: int, config: HeadConfig) -> None:
        super().__init__()
        self.bounds = config.log_variance
        self.mean = nn.Linear(features, latent_dim)
        self.log_variance = (
            nn.Linear(features, latent_dim) if config.posterior == "gaussian" else None
        )

    def forward(self, h: Tensor) -> Posterior:
        """Posteriors of features (n, features)."""
        mean = self.mean(h)  # (n, d)
        if self.log_variance is None:
            return DeterministicPosterior(mean)
        return GaussianPosterior(mean, soft_clamp(self.log_variance(h), *self.bounds))
