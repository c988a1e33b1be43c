"""The two-stage variational autoencoder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor, nn

from gwae_baselines.ladder import gaussian, perceptron
from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import (
    Batch,
    BuildContext,
    GaussianPosterior,
    Losses,
    Objective,
    Parameters,
    Stage,
    UpdateGroup,
)
from gwae_core.autoencoder import full_precision
from gwae_core.interfaces import Resumable
from gwae_core.interfaces.resumable import Carried


class TwoStageVAE(PenalizedAutoencoder, Resumable):
    """Two-stage variational autoencoder: a second one, on codes, learns how they are distributed.

    The first minimises E_q[-log p(x | z)] + KL(q(z | x) | pi). Then it rests, and the second
    minimises E_q[|z - h(u)|^2 / (2 gamma) + d/2 log(2 pi gamma)] + KL(q(u | z) | pi) on its codes
    z ~ q(z | x), (n, d), gamma trained. A sample is u ~ pi, z ~ N(h(u), gamma I), x = g(z) (Dai &
    Wipf, 2019). Theirs learns the variance of the first too: `reconstruction: gaussian`.
    """

    class Config(Objective.Config):
        """Length of the first stage, and the networks of the second."""

        type: Literal["two-stage-vae"] = "two-stage-vae"
        first_share: float = Field(0.6, gt=0, lt=1)
        """Share of the steps for the first autoencoder."""
        width: PositiveInt = 256
        """Hidden units of the second encoder and decoder."""
        variance_learning_rate: PositiveFloat = 1e-2
        """Learning rate of log gamma, which has a long way to go."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        d, width = self.latent_dim, config.width
        self.second_encoder = perceptron(d, width, 2 * d)
        self.second_decoder = perceptron(d, width, d)
        self.log_gamma = nn.Parameter(torch.tensor(0.0))

    def stages(self) -> Sequence[Stage]:
        """``first`` and ``second``, each with a group of its own."""
        share = self.config.first_share
        return (Stage("first", share), Stage("second", 1 - share, ("second",)))

    def groups(self) -> Sequence[UpdateGroup]:
        """``main``: the first autoencoder and the prior; ``second``: the second autoencoder."""
        rate = self.config.variance_learning_rate
        second = [*self.second_encoder.parameters(), *self.second_decoder.parameters()]
        apart = {id(p) for p in (*second, self.log_gamma)}
        first = [p for p in self.parameters() if id(p) not in apart]
        return [
            UpdateGroup("main", [Parameters(first)]),
            UpdateGroup("second", [Parameters(second), Parameters([self.log_gamma], rate)]),
        ]

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        """``reconstruction`` and ``divergence`` of the first, or of the second autoencoder."""
        if group == "second":
            return self._second_losses(batch, generator)
        return super().losses(group, batch, generator=generator)

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``divergence`` of the first."""
        return {"divergence": self.kl(coded)}

    def _second_losses(self, batch: Batch, generator: torch.Generator) -> Losses:
        with torch.no_grad():
            z = self.encode(batch.x).rsample(generator)
        with full_precision(z):
            posterior = gaussian(self.second_encoder(z))
            u = posterior.rsample(generator)
            squares = (z - self.second_decoder(u)).square()  # (n, d)
            # -log N(z; h(u), gamma I) in each dimension
            each = squares * (-self.log_gamma).exp() + math.log(2 * math.pi) + self.log_gamma
            terms = {
                "reconstruction": 0.5 * each.sum(1).mean(),
                "divergence": self.density_prior().kl(posterior, u).mean(),
            }
            return Losses(terms, {"gamma": self.log_gamma.detach().exp()})

    def sample_latent(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw codes (n, d) of the first autoencoder from the second."""
        u = super().sample_latent(n, generator=generator)
        mean = self.second_decoder(u)
        return GaussianPosterior(mean, self.log_gamma.expand_as(mean)).rsample(generator)

    def training_state(self) -> Mapping[str, Carried]:
        """Nothing beside parameters."""
        return {}

    def load_training_state(self, state: Mapping[str, Carried]) -> None:
        """Nothing to take up."""
