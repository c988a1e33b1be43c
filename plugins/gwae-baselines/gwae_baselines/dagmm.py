"""The deep autoencoding Gaussian mixture model."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn

from gwae_baselines.estimated_mixture import Mixture, estimate
from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, Objective

ERRORS = 2
"""Features of a reconstruction error: relative distance and cosine."""


class DAGMM(PenalizedAutoencoder):
    """Deep autoencoding Gaussian mixture model: what is unlikely in a mixture is an anomaly.

    u = (z, |x - x^| / |x|, cos(x, x^)) has memberships gamma = softmax(h(u)), whose weighted
    moments over the batch are the mixture's (w, mu, S) with S + r I, and
    L = E loss(g(z), x) + lambda_1 E[-log sum_k w_k N(u; mu_k, S_k)] + lambda_2 sum_kd 1 / S_kdd
    (Zong et al., 2018). Moving averages of (w, mu, S) serve evaluation: `energy` scores anomalies,
    and codes are drawn from the mixture's share of z. The configured prior has no part in this.
    """

    class Config(Objective.Config):
        """The mixture, and the weights of its terms."""

        type: Literal["dagmm"] = "dagmm"
        num_components: PositiveInt = 4
        """Number of components K."""
        width: PositiveInt = 32
        """Hidden units of the network h of memberships."""
        energy_weight: PositiveFloat = 0.1
        """Weight lambda_1 of the energy."""
        covariance_weight: NonNegativeFloat = 0.005
        """Weight lambda_2 of the inverse variances, against components without extent."""
        regularization: PositiveFloat = 1e-2
        """r, added to the covariances' diagonal."""
        momentum: float = Field(0.05, gt=0, le=1)
        """Share of each batch in the moving averages."""

    config: Config
    weights: Tensor
    means: Tensor
    covariances: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        # An untrained prior would pass for a model of the codes wherever a prior is looked for.
        del self.prior
        k, size = config.num_components, self.latent_dim + ERRORS
        self.memberships = nn.Sequential(
            nn.Linear(size, config.width), nn.Tanh(), nn.Linear(config.width, k)
        )
        self.register_buffer("weights", torch.full((k,), 1 / k))
        self.register_buffer("means", torch.zeros(k, size))
        self.register_buffer("covariances", torch.eye(size).repeat(k, 1, 1))

    @property
    def mixture(self) -> Mixture:
        """Moving averages of the mixture over (z, errors), (K, d + 2)."""
        return Mixture(self.weights, self.means, self.covariances)

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``energy`` and ``inverse_variance``; in training the moving averages move too."""
        config, mixture = self.config, self.mixture
        u = torch.cat([coded.z, error_features(coded.x, coded.x_hat)], dim=1)  # (n, d + 2)
        if self.training:
            gamma = self.memberships(u).softmax(1)
            mixture = estimate(u, gamma, regularization=config.regularization)
            self._average(mixture)
        variances = mixture.covariances.diagonal(dim1=1, dim2=2)
        return {
            "energy": config.energy_weight * mixture.energy(u).mean(),
            "inverse_variance": config.covariance_weight * variances.reciprocal().sum(),
        }

    def energy(self, x: Tensor) -> Tensor:
        """Energy of data (n, *data_shape) in nats, (n,): high for what is unlike training data."""
        z = self.encode(x).mean
        u = torch.cat([z, error_features(x, self.decode(z))], dim=1)
        return self.mixture.energy(u)

    def sample_latent(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw codes (n, d) from the mixture, its features of errors left out."""
        d = self.latent_dim
        k = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        factor = torch.linalg.cholesky(self.covariances[:, :d, :d])
        like = self.means
        eps = torch.randn((n, d, 1), generator=generator, device=like.device, dtype=like.dtype)
        z: Tensor = like[k, :d] + (factor[k] @ eps)[:, :, 0]
        return z

    @torch.no_grad()
    def _average(self, mixture: Mixture) -> None:
        share = self.config.momentum
        self.weights.lerp_(mixture.weights, share)
        self.means.lerp_(mixture.means, share)
        self.covariances.lerp_(mixture.covariances, share)


def error_features(x: Tensor, x_hat: Tensor) -> Tensor:
    """Relative Euclidean distance and cosine of data and reconstructions, (n, *shape): (n, 2)."""
    x, x_hat = x.flatten(1), x_hat.flatten(1)
    tiny = torch.finfo(x.dtype).eps
    distance = (x - x_hat).square().sum(1).clamp_min(tiny).sqrt()
    relative = distance / x.norm(dim=1).clamp_min(tiny)
    return torch.stack([relative, torch.cosine_similarity(x, x_hat, dim=1)], dim=1)
