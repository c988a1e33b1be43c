"""The variational autoencoder with a learned similarity and an adversary."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import PositiveFloat, field_validator
from torch import Tensor
from torch.nn.functional import softplus

from gwae_baselines.adversarial import AdversarialAutoencoder
from gwae_baselines.pair_discriminator import PairDiscriminator
from gwae_core import Batch, BuildContext, Losses, Objective, Sample
from gwae_core.autoencoder import full_precision
from gwae_core.ramps import Weight


class VAEGAN(AdversarialAutoencoder):
    """VAE/GAN: a discriminator judges what the decoder makes, and its features compare.

    The discriminator tells data from reconstructions g(z~) and samples g(z), z ~ pi. Encoder and
    decoder minimise L_rec + beta KL(q(z | x) | pi(z)) + w L_GAN, where L_GAN = E softplus(-T) over
    both kinds of decoded data reaches the decoder alone (Larsen et al., 2016, who give the decoder
    gamma L_rec + L_GAN: w = 1 / gamma, up to the decoder's step size). L_rec is theirs with
    `reconstruction: learned-similarity`, the error in the discriminator's features.
    """

    class Config(Objective.Config):
        """Weights, and the discriminator."""

        type: Literal["vae-gan"] = "vae-gan"
        beta: Weight = 1.0
        """Weight of the divergence: a number, or a ramp over the run."""
        adversarial_weight: PositiveFloat = 1.0
        """Weight w = 1 / gamma of the adversarial term."""
        discriminator: PairDiscriminator.Config = PairDiscriminator.Config(sees="data")
        """The discriminator of data."""

        @field_validator("discriminator")
        @classmethod
        def _sees_data(cls, value: PairDiscriminator.Config) -> PairDiscriminator.Config:
            if value.sees != "data":
                raise ValueError("the discriminator of vae-gan sees data alone: set `sees: data`")
            return value

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        discriminator = PairDiscriminator(config.discriminator, context)
        super().__init__(config, context, critic=discriminator)
        self.discriminator = discriminator
        self.density_prior()

    @property
    def adversarial_terms(self) -> frozenset[str]:
        """The term that the discriminator decides."""
        return frozenset({"adversarial"})

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        """``reconstruction``, ``divergence`` and ``adversarial``."""
        if group == "critic":
            return self.critic_losses(batch, generator=generator)
        posterior = self.encode(batch.x)
        z = posterior.rsample(generator)
        params = self.decode_params(z)
        # decoded anew, as no gradient of the adversary may reach the encoder
        fake = self._decoded(z.detach(), generator=generator)
        with full_precision(batch.x):
            adversarial = fake.mass @ softplus(-self.discriminator.score(fake))
            kl = self.density_prior().kl(posterior, z).mean()
            x_hat = self.reconstruction.mean(params)
            terms = {
                "reconstruction": self.reconstruction.loss(params, batch.x).mean(),
                "divergence": self.weight(self.config.beta) * kl,
                "adversarial": self.config.adversarial_weight * adversarial,
            }
            return Losses(terms, self.observe(posterior, z, x_hat, batch.x))

    def compared(
        self, x: Tensor, z: Tensor, *, generator: torch.Generator
    ) -> tuple[Sample, Sample]:
        """Data, and what is decoded from their codes and from the prior's, half the mass each."""
        return Sample(z, x=x), self._decoded(z, generator=generator)

    def _decoded(self, z: Tensor, *, generator: torch.Generator) -> Sample:
        drawn = self.prior_sample(len(z), generator=generator)
        codes = torch.cat([z, drawn.z.detach()])
        mass = torch.cat([Sample(z).mass, drawn.mass.detach()]) / 2
        return Sample(codes, mass, self.decode(codes))
