"""The DIP-VAE, both versions."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, Objective, Posterior
from gwae_core.ramps import Weight


class DIPVAE(PenalizedAutoencoder):
    """VAE whose codes are to have the covariance I (DIP-VAE, both versions).

    L = E_q loss(g(z~), x) + E_x KL(q(z | x) | pi) + lambda_od sum_{i != j} C_ij^2 + lambda_d
    sum_i (C_ii - 1)^2. C (d, d) is Cov(mean(x)) in version I, and in version II the covariance of
    the codes themselves, Cov(mean(x)) + diag E sigma^2(x) (Kumar et al., 2018), over a batch
    (n, d).
    """

    class Config(Objective.Config):
        """The version and the two weights."""

        type: Literal["dip-vae"] = "dip-vae"
        version: Literal["i", "ii"] = "ii"
        """Covariance of the posterior means (``i``), or of the codes (``ii``)."""
        off_diagonal: Weight = 10.0
        """Weight lambda_od of covariances."""
        diagonal: Weight = 10.0
        """Weight lambda_d of the deviation of variances from 1."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``divergence`` from the prior, ``off_diagonal`` and ``diagonal``."""
        covariance = self.covariance(coded.posterior)
        variances = covariance.diagonal()
        off_diagonal = covariance.square().sum() - variances.square().sum()
        diagonal = (variances - 1).square().sum()
        return {
            "divergence": self.kl(coded),
            "off_diagonal": self.weight(self.config.off_diagonal) * off_diagonal,
            "diagonal": self.weight(self.config.diagonal) * diagonal,
        }

    def covariance(self, posterior: Posterior) -> Tensor:
        """C, (d, d)."""
        centred = posterior.mean - posterior.mean.mean(0)
        covariance = centred.T @ centred / len(centred)
        if self.config.version == "i" or posterior.log_variance is None:
            return covariance
        return covariance + torch.diag(posterior.log_variance.exp().mean(0))
