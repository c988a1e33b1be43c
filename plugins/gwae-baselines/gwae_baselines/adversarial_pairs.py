"""What autoencoders share that train against a discriminator of data and codes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch

from gwae_baselines.pair_discriminator import PairDiscriminator
from gwae_core import (
    Autoencoder,
    Batch,
    BuildContext,
    Losses,
    Objective,
    Parameters,
    Sample,
    Stage,
    UpdateGroup,
    WeightedSamples,
)
from gwae_core.autoencoder import full_precision


class AdversarialPairs(Autoencoder, ABC):
    """Autoencoders with a discriminator: update groups ``critic``, then ``main``."""

    def __init__(
        self,
        config: Objective.Config,
        context: BuildContext,
        discriminator: PairDiscriminator.Config,
    ) -> None:
        super().__init__(config, context)
        self.discriminator = PairDiscriminator(discriminator, context)
        self.reconstruction.use_critic(self.discriminator)

    @abstractmethod
    def compared(self, batch: Batch, *, generator: torch.Generator) -> tuple[Sample, Sample]:
        """The two samples that the discriminator tells apart."""

    def stages(self) -> Sequence[Stage]:
        """One stage; the discriminator is updated first."""
        return (Stage("train", 1.0, ("critic", "main")),)

    def groups(self) -> Sequence[UpdateGroup]:
        """``critic``: the discriminator; ``main``: everything else."""
        own = list(self.discriminator.parameters())
        apart = {id(p) for p in own}
        rest = [p for p in self.parameters() if id(p) not in apart]
        critic = Parameters(own, self.discriminator.learning_rate)
        return [
            UpdateGroup("critic", [critic], self.discriminator.critic_steps),
            UpdateGroup("main", [Parameters(rest)]),
        ]

    def critic_losses(self, batch: Batch, *, generator: torch.Generator) -> Losses:
        """The discriminator's terms; nothing else gets a gradient."""
        with torch.no_grad():
            q, p = self.compared(batch, generator=generator)
        with full_precision(batch.x):
            terms, observed = self.discriminator.critic_losses(q, p, generator=generator)
        return Losses(terms, observed)

    def prior_sample(self, n: int, *, generator: torch.Generator) -> Sample:
        """Codes (n, d) of the prior."""
        with full_precision(self.total_variance):
            drawn = self.prior.sample(n, generator=generator)
        if isinstance(drawn, WeightedSamples):
            return Sample(drawn.z, drawn.weights)
        return Sample(drawn)
