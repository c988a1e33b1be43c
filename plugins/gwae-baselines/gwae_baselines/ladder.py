"""Perceptrons, the Gaussians that they give, and the posterior of a ladder of these."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gwae_core import GaussianPosterior, Posterior
from gwae_core.errors import ComponentError

MAX_LOG_VARIANCE = 8.0
"""Bound of the log variances on either side, approached smoothly."""


@dataclass(frozen=True)
class LadderPosterior(GaussianPosterior):
    """A Gaussian posterior that knows the posteriors of its levels."""

    levels: tuple[Posterior, ...] | None = None


def bounded(log_variance: Tensor) -> Tensor:
    """Log variances within (-8, 8), so that no exponential overflows."""
    return MAX_LOG_VARIANCE * torch.tanh(log_variance / MAX_LOG_VARIANCE)


def perceptron(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """One hidden layer with SiLU."""
    return nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, outputs))


def gaussian(features: Tensor) -> GaussianPosterior:
    """Diagonal Gaussians of features (n, 2d): means and log variances."""
    mean, log_variance = features.chunk(2, dim=1)
    return GaussianPosterior(mean, bounded(log_variance))


def gaussian_features(posterior: Posterior) -> Tensor:
    """Mean and log variance beside each other, (n, 2d).

    Raises:
        ComponentError: The posterior is not Gaussian.
    """
    if posterior.log_variance is None:
        raise ComponentError(
            "the levels of a ladder need an encoder with mean and log variance",
            hint="set encoder.posterior to gaussian",
        )
    return torch.cat([posterior.mean, posterior.log_variance], dim=1)
