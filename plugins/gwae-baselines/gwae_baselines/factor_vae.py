"""The FactorVAE."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from gwae_baselines.discriminator import Discriminator
from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, Objective, Sample
from gwae_core.ramps import Weight


class FactorVAE(PenalizedAutoencoder):
    """VAE that penalises the total correlation of codes, estimated by a discriminator (FactorVAE).

    L = E_q loss(g(z~), x) + E_x KL(q(z | x) | pi) + gamma E_q f(z), where f = log q(z) /
    prod_d q(z_d) is learned from codes (n, d) against the same codes with each coordinate permuted
    over the batch (Kim and Mnih, 2018).
    """

    class Config(Objective.Config):
        """The weight, and the discriminator."""

        type: Literal["factor-vae"] = "factor-vae"
        total_correlation: Weight = 6.0
        """Weight gamma of the total correlation."""
        hidden: tuple[PositiveInt, ...] = Field((256, 256), min_length=1)
        """Widths of the discriminator's hidden layers."""
        discriminator_steps: PositiveInt = 1
        """Steps of the discriminator for each step of the model."""
        discriminator_learning_rate: PositiveFloat | None = None
        """Learning rate of the discriminator; null takes the run's."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        discriminator = Discriminator.Config(
            hidden=config.hidden,
            steps=config.discriminator_steps,
            learning_rate=config.discriminator_learning_rate,
        )
        self.discriminator = Discriminator(discriminator, context)

    @property
    def adversarial_terms(self) -> frozenset[str]:
        """The total correlation, which the discriminator decides."""
        return frozenset({"total_correlation"})

    def compared(
        self, x: Tensor, z: Tensor, *, generator: torch.Generator
    ) -> tuple[Sample, Sample]:
        """Codes (n, d), and the same codes without dependence between coordinates."""
        return Sample(z), Sample(permuted(z, generator=generator))

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``divergence`` from the prior, and ``total_correlation``."""
        weight = self.weight(self.config.total_correlation)
        return {
            "divergence": self.kl(coded),
            "total_correlation": weight * self.discriminator.log_ratio(coded.z).mean(),
        }


def permuted(z: Tensor, *, generator: torch.Generator) -> Tensor:
    """Codes (n, d), each coordinate permuted over the batch by itself: (n, d)."""
    u = torch.rand(z.shape, generator=generator, device=z.device)
    return z.gather(0, u.argsort(0))
