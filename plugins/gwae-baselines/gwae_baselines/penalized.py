"""What most baselines are: a reconstruction, and penalties on the codes."""

from __future__ import annotations

from abc import ABC, abstractmethod
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
    Posterior,
    Sample,
    Stage,
    UpdateGroup,
    WeightedSamples,
)
from gwae_core.autoencoder import full_precision
from gwae_core.ramps import Weight, weight_at


class PenalizedAutoencoder(Autoencoder, ABC):
    """Reconstruction plus penalties, which subclasses state; a critic trains in a group of its own.

    L = E_q loss(g(z~), x) + the sum of `penalties`. Where there is an `adversary`, it learns to
    tell the two samples of `compared` apart.
    """

    def __init__(self, config: Objective.Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.reconstruction.use_critic(None)

    @property
    def adversary(self) -> AdversarialDivergence | None:
        """The critic; none unless overridden."""
        return None

    @property
    def adversarial_terms(self) -> frozenset[str]:
        """The term ``divergence``, where there is a critic that decides it."""
        return frozenset({"divergence"} if self.adversary is not None else ())

    @abstractmethod
    def penalties(
        self, posterior: Posterior, z: Tensor, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Weighted penalties of posteriors and one sample z (n, d) of each: 0-d tensors by name."""

    def reconstruction_loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Mean loss of the decoder's output (n, *output_shape) for data x: a 0-d tensor."""
        return self.reconstruction.loss(params, x).mean()

    def compared(self, z: Tensor, *, generator: torch.Generator) -> tuple[Sample, Sample]:
        """Codes (n, d), and what they are to look like: as many samples of the prior."""
        drawn = self.prior.sample(len(z), generator=generator)
        if isinstance(drawn, WeightedSamples):
            return Sample(z), Sample(drawn.z, drawn.weights)
        return Sample(z), Sample(drawn)

    def weight(self, weight: Weight) -> float:
        """The present value of a weight, and in evaluation that at the end of the run."""
        return weight_at(weight, self.progress if self.training else 1.0)

    def stages(self) -> Sequence[Stage]:
        """One stage; the critic is updated first."""
        return (Stage("train", 1.0, tuple(group.name for group in self.groups())),)

    def groups(self) -> Sequence[UpdateGroup]:
        """``main``: all parameters but the critic's; ``critic`` where there is one."""
        if self.adversary is None:
            return [UpdateGroup("main", [Parameters(list(self.parameters()))])]
        own = list(self.adversary.parameters())
        apart = {id(p) for p in own}
        rest = [p for p in self.parameters() if id(p) not in apart]
        critic = Parameters(own, self.adversary.learning_rate)
        return [
            UpdateGroup("critic", [critic], self.adversary.critic_steps),
            UpdateGroup("main", [Parameters(rest)]),
        ]

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        """Reconstruction and penalties for ``main``; the critic's terms for ``critic``."""
        if group == "critic":
            return self._critic_losses(batch, generator)
        posterior = self.encode(batch.x)
        z = posterior.rsample(generator)
        params = self.decode_params(z)
        with full_precision(batch.x):
            x_hat = self.reconstruction.mean(params)
            observed = self.observe(posterior, z, x_hat, batch.x)
            terms = {
                "reconstruction": self.reconstruction_loss(params, batch.x),
                **self.penalties(posterior, z, generator=generator),
            }
            return Losses(terms, observed)

    def _critic_losses(self, batch: Batch, generator: torch.Generator) -> Losses:
        assert self.adversary is not None
        with torch.no_grad():
            z = self.encode(batch.x).rsample(generator)
            with full_precision(z):
                q, p = self.compared(z, generator=generator)
        with full_precision(z):
            terms, observed = self.adversary.critic_losses(q, p, generator=generator)
        return Losses(terms, observed)
