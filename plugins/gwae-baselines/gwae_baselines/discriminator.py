"""The discriminator: the density ratio of two samples of codes, by logistic regression."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import softplus

from gwae_baselines.pair_discriminator import layers
from gwae_core import AdversarialDivergence, BuildContext, Sample
from gwae_core.context import require


class Discriminator(AdversarialDivergence):
    """Discriminator on codes: an adversarial divergence between aggregated posterior and prior.

    The network f minimises E_q softplus(-f) + E_p softplus(f), so that at its optimum
    f(z) = log q(z) / p(z) (Goodfellow et al., 2014). The model minimises the non-saturating
    E_q softplus(f) + E_p softplus(-f) - 2 log 2, at that optimum E_q log(m / p) + E_p log(m / q)
    with m = (q + p) / 2: zero at q = p, else positive. Its second part moves trainable priors.
    Codes (n, d) and (m, d), weights (n,) and (m,).
    """

    class Config(AdversarialDivergence.Config):
        """The network."""

        type: Literal["discriminator"] = "discriminator"
        hidden: tuple[PositiveInt, ...] = Field((256, 256), min_length=1)
        """Widths of the hidden layers, with LeakyReLU(0.2) after each."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        sizes = (require(context, self).latent_dim, *config.hidden)
        self.network = nn.Sequential(*layers(*sizes), nn.Linear(sizes[-1], 1), nn.Flatten(0))

    def score(self, sample: Sample) -> Tensor:
        """f, the estimate of log q(z) / p(z) at each code in nats, (n,)."""
        values: Tensor = self.network(sample.z)
        return values

    def log_ratio(self, z: Tensor) -> Tensor:
        """F at codes (n, d), (n,), without a gradient to the network."""
        frozen = {name: parameter.detach() for name, parameter in self.network.named_parameters()}
        values: Tensor = functional_call(self.network, frozen, (z,))
        return values

    def forward(self, q: Sample, p: Sample, *, generator: torch.Generator | None = None) -> Tensor:
        """The non-saturating loss, a 0-d tensor; deterministic, no gradient to the network."""
        of_q = q.mass @ softplus(self.log_ratio(q.z))
        of_p = p.mass @ softplus(-self.log_ratio(p.z))
        return of_q + of_p - 2 * math.log(2)

    def critic_losses(
        self, q: Sample, p: Sample, *, generator: torch.Generator | None = None
    ) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """The term ``critic``, and the share of codes on the right side, ``critic_accuracy``."""
        q, p = q.detach(), p.detach()
        of_q, of_p = self.score(q), self.score(p)
        loss = q.mass @ softplus(-of_q) + p.mass @ softplus(of_p)
        right = q.mass @ (of_q > 0).to(of_q) + p.mass @ (of_p <= 0).to(of_p)
        return {"critic": loss}, {"critic_accuracy": right.detach() / 2}
