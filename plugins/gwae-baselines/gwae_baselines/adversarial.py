"""What autoencoders share that may train against a critic: update groups, and what is compared."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

import torch
from torch import Tensor

from gwae_core import (
    AdversarialDivergence,
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
from gwae_core.ramps import Weight, weight_at


class AdversarialAutoencoder(Autoencoder, ABC):
    """An autoencoder whose critic, where it has one, learns to tell two samples apart.

    Args:
        config: Configuration of the objective.
        context: What is known of the data, and the parts.
        critic: A critic of data, whose features a reconstruction may compare.
    """

    def __init__(
        self,
        config: Objective.Config,
        context: BuildContext | None = None,
        *,
        critic: AdversarialDivergence | None = None,
    ) -> None:
        super().__init__(config, context)
        self.reconstruction.use_critic(critic)

    @property
    def adversary(self) -> AdversarialDivergence | None:
        """The critic: the one of the parts that is an adversarial divergence, if any is."""
        critics = (part for part in self.children() if isinstance(part, AdversarialDivergence))
        return next(critics, None)

    def compared(
        self, x: Tensor, z: Tensor, *, generator: torch.Generator
    ) -> tuple[Sample, Sample]:
        """What the critic tells apart, given data and their codes (n, d): codes and the prior's."""
        return Sample(z), self.prior_sample(len(z), generator=generator)

    def prior_sample(self, n: int, *, generator: torch.Generator) -> Sample:
        """Codes (n, d) of the prior."""
        with full_precision(self.total_variance):
            drawn = self.prior.sample(n, generator=generator)
        if isinstance(drawn, WeightedSamples):
            return Sample(drawn.z, drawn.weights)
        return Sample(drawn)

    def weight(self, weight: Weight) -> float:
        """The present value of a weight, and in evaluation that at the end of the run."""
        return weight_at(weight, self.progress if self.training else 1.0)

    def stages(self) -> Sequence[Stage]:
        """One stage; the critic is updated first."""
        return (Stage("train", 1.0, tuple(group.name for group in self.groups())),)

    def groups(self) -> Sequence[UpdateGroup]:
        """``main``: all parameters but the critic's; ``critic`` where there is one."""
        critic = self.adversary
        if critic is None:
            return [UpdateGroup("main", [Parameters(list(self.parameters()))])]
        apart = {id(p) for p in critic.parameters()}
        rest = [p for p in self.parameters() if id(p) not in apart]
        return critic.groups_with([Parameters(rest)])

    def critic_losses(self, batch: Batch, *, generator: torch.Generator) -> Losses:
        """The critic's terms; nothing else gets a gradient."""
        assert self.adversary is not None
        with torch.no_grad():
            z = self.encode_once(batch).rsample(generator)
            q, p = self.compared(batch.x, z, generator=generator)
        with full_precision(batch.x):
            terms, observed = self.adversary.critic_losses(q, p, generator=generator)
        return Losses(terms, observed)
