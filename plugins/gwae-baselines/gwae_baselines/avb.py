"""Adversarial variational Bayes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from gwae_baselines.pair_discriminator import PairDiscriminator
from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, DensityPrior, Objective, Sample
from gwae_core.errors import ComponentError
from gwae_core.ramps import Weight


class AVB(PenalizedAutoencoder):
    """Adversarial variational Bayes: the evidence bound for posteriors without a density.

    L = E_q[-log p(x | z)] + beta E_q T(x, z), T the logit of a discriminator that tells (x, z~),
    z~ ~ q(z | x), from (x, z), z ~ pi: at its optimum T = log q(z | x) - log pi(z), whose mean is
    the divergence (Mescheder et al., 2017). Posteriors need only be sampled from, as those of
    `encoder: implicit`. A prior learns through its own density, as T holds no gradient for it.
    """

    class Config(Objective.Config):
        """Weight of the divergence, and the discriminator."""

        type: Literal["avb"] = "avb"
        beta: Weight = 1.0
        """Weight of the divergence: a number, or a ramp over the run."""
        discriminator: PairDiscriminator.Config = PairDiscriminator.Config(steps=2)
        """The discriminator of pairs; the better it is, the tighter the bound."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        discriminator = PairDiscriminator(config.discriminator, context)
        super().__init__(config, context, critic=discriminator)
        self.discriminator = discriminator
        if config.discriminator.sees != "pairs":
            raise ComponentError(
                "avb compares posteriors of each x with the prior; its discriminator sees data "
                "alone",
                hint="set objective.discriminator.sees to pairs",
            )
        learns = any(p.requires_grad for p in self.prior.parameters())
        if learns and not isinstance(self.prior, DensityPrior):
            raise ComponentError(
                f"avb cannot train the prior {self.prior.name()!r}, whose density is not known",
                hint="take prior normal or gaussian-mixture, or the objective ali",
            )

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``divergence``, beta E_q T."""
        ratio = self.discriminator.score(Sample(coded.z, x=coded.x)) + self._of_prior(coded.z)
        return {"divergence": self.weight(self.config.beta) * ratio.mean()}

    def compared(
        self, x: Tensor, z: Tensor, *, generator: torch.Generator
    ) -> tuple[Sample, Sample]:
        """Pairs of data and their codes, and of the same data and codes of the prior."""
        drawn = self.prior_sample(len(z), generator=generator)
        return Sample(z, x=x), Sample(drawn.z, drawn.weights, x)

    def _of_prior(self, z: Tensor) -> Tensor:
        """Zeros (n,) with the gradient of -log pi at codes (n, d) in the prior's parameters."""
        if not isinstance(self.prior, DensityPrior):
            return z.new_zeros(len(z))
        log_prob = self.prior.log_prob(z.detach())
        return log_prob.detach() - log_prob
