"""The ladder variational autoencoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from gwae_baselines.ladder import LadderPosterior, gaussian, gaussian_features, perceptron
from gwae_core import (
    Autoencoder,
    Batch,
    BuildContext,
    GaussianPosterior,
    Losses,
    Objective,
    Parameters,
    UpdateGroup,
)
from gwae_core.autoencoder import full_precision
from gwae_core.ramps import Weight, weight_at


@dataclass(frozen=True)
class Level:
    """One level: its posterior, a sample of it (n, d), and the conditional prior below the top."""

    posterior: GaussianPosterior
    z: Tensor
    prior: GaussianPosterior | None


class LadderVAE(Autoencoder):
    """Ladder variational autoencoder: each level's posterior corrects what the level above expects.

    p(x, z_1, ..., z_L) = p(x | z_1) p(z_1 | z_2) ... pi(z_L), and q(z_l | z_l+1, x) is the product
    of the Gaussian p(z_l | z_l+1) with a Gaussian likelihood found on the way up, normalised:
    precisions add, and the mean is weighted by them (Sønderby et al., 2016).

    L = E_q[-log p(x | z_1)] + beta [ KL(q(z_L | x) | pi) + sum_l KL(q(z_l | z_l+1, x) | p(z_l |
    z_l+1)) ]; the authors raise beta from 0 to 1. All levels have d dimensions; z_1 is the code,
    its likelihood the encoder's output, and the given prior is that of z_L. One level is a VAE.
    """

    class Config(Objective.Config):
        """Number and width of the levels."""

        type: Literal["ladder-vae"] = "ladder-vae"
        num_levels: PositiveInt = 2
        """Number of levels L."""
        width: PositiveInt = 128
        """Hidden units of the perceptrons between the levels."""
        beta: Weight = 1.0
        """Weight of the divergences: a number, or a ramp over the run."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        self.reconstruction.use_critic(None)
        d, width, count = self.latent_dim, config.width, config.num_levels - 1
        self.up = nn.ModuleList(perceptron(2 * d, width, 2 * d) for _ in range(count))
        self.down = nn.ModuleList(perceptron(d, width, 2 * d) for _ in range(count))

    def groups(self) -> Sequence[UpdateGroup]:
        """One group of all parameters."""
        return [UpdateGroup("main", [Parameters(list(self.parameters()))])]

    def infer(self, x: Tensor, *, generator: torch.Generator | None) -> list[Level]:
        """Levels from z_1 to z_L of data (n, *data_shape); without a generator z is the mean."""
        base = super().encode(x)
        h = gaussian_features(base)  # (n, 2d)
        likelihoods = [GaussianPosterior(*h.chunk(2, dim=1))]
        for up in self.up:
            h = up(h)
            likelihoods.append(gaussian(h))
            h = gaussian_features(likelihoods[-1])
        found: list[Level] = []
        for level in reversed(range(len(likelihoods))):
            posterior, prior = likelihoods[level], None
            if found:
                prior = gaussian(self.down[level](found[-1].z))
                posterior = product(posterior, prior)
            z = posterior.mean if generator is None else posterior.rsample(generator)
            found.append(Level(posterior, z, prior))
        return found[::-1]

    def encode(self, x: Tensor) -> LadderPosterior:
        """Posterior over z_1 of data (n, *data_shape), the upper levels being at their means."""
        first, *upper = self.infer(x, generator=None)
        levels = tuple(level.posterior for level in upper)
        return LadderPosterior(first.posterior.mean, first.posterior.log_variance, levels)

    def sample_latent(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw codes z_1 (n, d), from the top downwards."""
        z = super().sample_latent(n, generator=generator)
        for down in reversed(self.down):
            z = gaussian(down(z)).rsample(generator)
        return z

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        """``reconstruction``, and a ``divergence`` of each level."""
        levels = self.infer(batch.x, generator=generator)
        first = levels[0]
        params = self.decode_params(first.z)
        beta = weight_at(self.config.beta, self.progress if self.training else 1.0)
        with full_precision(batch.x):
            terms = {"reconstruction": self.reconstruction.loss(params, batch.x).mean()}
            for number, level in enumerate(levels, start=1):
                terms[f"divergence_{number}"] = beta * self._divergence(level).mean()
            x_hat = self.reconstruction.mean(params)
            return Losses(terms, self.observe(first.posterior, first.z, x_hat, batch.x))

    def _divergence(self, level: Level) -> Tensor:
        """Divergence of a level's posterior from its prior, (n,)."""
        if level.prior is None:
            return self.density_prior().kl(level.posterior, level.z)
        return gaussian_kl(level.posterior, level.prior)


def product(a: GaussianPosterior, b: GaussianPosterior) -> GaussianPosterior:
    """The normalised product of two diagonal Gaussians, (n, d) each.

    1/s^2 = 1/s_a^2 + 1/s_b^2 and m = s^2 (m_a / s_a^2 + m_b / s_b^2).
    """
    log_variance = -torch.logaddexp(-a.log_variance, -b.log_variance)
    share = (log_variance - a.log_variance).exp()
    return GaussianPosterior(share * a.mean + (1 - share) * b.mean, log_variance)


def gaussian_kl(q: GaussianPosterior, p: GaussianPosterior) -> Tensor:
    """KL(q | p) of diagonal Gaussians (n, d) in nats, (n,).

    1/2 sum_d [ (s^2 + (m - m')^2) / s'^2 - 1 - log s^2 / s'^2 ].
    """
    ratio = q.log_variance - p.log_variance
    offset = (q.mean - p.mean).square() / p.log_variance.exp()
    return 0.5 * (ratio.exp() + offset - 1 - ratio).sum(1)
