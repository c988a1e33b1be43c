"""Adversarially learned inference."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import NonNegativeFloat
from torch import Tensor

from gwae_baselines.adversarial import AdversarialAutoencoder
from gwae_baselines.pair_discriminator import PairDiscriminator
from gwae_core import Batch, BuildContext, Losses, Objective, Sample
from gwae_core.autoencoder import full_precision


class ALI(AdversarialAutoencoder):
    """Adversarially learned inference: encoded and generated pairs cannot be told apart.

    A discriminator with logit T tells (x, z~), z~ ~ q(z | x), from (g(z), z), z ~ pi; encoder,
    decoder and prior minimise E softplus(T(x, z~)) + E softplus(-T(g(z), z)) (Dumoulin et al.,
    2017), with a deterministic decoder the BiGAN (Donahue et al., 2017). At its optimum the encoder
    inverts the decoder; no term says so, so that reconstructions are those of another point of the
    same kind until then. A weight on the reconstruction closes that gap (Li et al., 2017).
    """

    class Config(Objective.Config):
        """The discriminator, and the weight of reconstructions."""

        type: Literal["ali"] = "ali"
        reconstruction_weight: NonNegativeFloat = 0.0
        """Weight of the reconstruction; 0 is the original."""
        discriminator: PairDiscriminator.Config = PairDiscriminator.Config()
        """The discriminator of pairs."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        discriminator = PairDiscriminator(config.discriminator, context)
        super().__init__(config, context, critic=discriminator)
        self.discriminator = discriminator

    @property
    def adversarial_terms(self) -> frozenset[str]:
        """The one term that the discriminator decides."""
        return frozenset({"adversarial"})

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        """``adversarial``, and ``reconstruction`` where it has a weight."""
        if group == "critic":
            return self.critic_losses(batch, generator=generator)
        posterior = self.encode(batch.x)
        z = posterior.rsample(generator)
        q, p = self.compared(batch.x, z, generator=generator)
        weight = self.config.reconstruction_weight
        with torch.set_grad_enabled(weight > 0 and torch.is_grad_enabled()):
            params = self.decode_params(z)
        with full_precision(batch.x):
            terms = {"adversarial": self.discriminator(q, p)}
            if weight > 0:
                loss = self.reconstruction.loss(params, batch.x).mean()
                terms["reconstruction"] = weight * loss
            x_hat = self.reconstruction.mean(params)
            return Losses(terms, self.observe(posterior, z, x_hat, batch.x))

    def compared(
        self, x: Tensor, z: Tensor, *, generator: torch.Generator
    ) -> tuple[Sample, Sample]:
        """Encoded pairs, and as many generated ones."""
        drawn = self.prior_sample(len(z), generator=generator)
        return Sample(z, x=x), Sample(drawn.z, drawn.weights, self.decode(drawn.z))
