"""The discriminator between joint distributions of data and codes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import softplus

from gwae_core import AdversarialDivergence, BuildContext, Sample
from gwae_core.context import require
from gwae_core.errors import ComponentError


class PairDiscriminator(AdversarialDivergence):
    """Discriminator of pairs (x, z): which of two joint distributions are they from?

    The logit T minimises E_q softplus(-T) + E_p softplus(T), which is 2 log 2 - 2 JSD(q, p) at its
    optimum T = log dq/dp (Goodfellow et al., 2014). The model minimises E_q softplus(T) +
    E_p softplus(-T) - 2 log 2, so that each sample is taken for the other, with gradients that do
    not vanish where T is right (Dumoulin et al., 2017). With ``sees: data`` codes are ignored.
    """

    joint = True

    class Config(AdversarialDivergence.Config):
        """The network, and its penalty."""

        type: Literal["pair-discriminator"] = "pair-discriminator"
        sees: Literal["pairs", "data"] = "pairs"
        """Pairs of data and codes, or data alone."""
        hidden: tuple[PositiveInt, ...] = (256, 256)
        """Widths of the hidden layers for data, each followed by LeakyReLU(0.2), and for codes; one
        more of the last width sees both."""
        gradient_penalty: NonNegativeFloat = 0.0
        """Weight gamma of gamma / 2 E_q |grad T|^2, in standardised data and in codes (Mescheder et
        al., 2018)."""

    config: Config
    mean: Tensor
    scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        self.register_buffer("mean", context.statistics.mean.detach().clone())
        self.register_buffer("scale", torch.tensor(context.statistics.scale))
        data, codes = math.prod(context.data_shape), context.latent_dim
        width = (data, *config.hidden)[-1]
        self.of_x = layers(data, *config.hidden)
        self.of_z = layers(codes, *config.hidden) if config.sees == "pairs" else None
        both = width + (codes, *config.hidden)[-1] if config.sees == "pairs" else width
        self.last = nn.Sequential(*layers(both, width), nn.Linear(width, 1), nn.Flatten(0))

    def forward(self, q: Sample, p: Sample, *, generator: torch.Generator | None = None) -> Tensor:
        """E_q softplus(T) + E_p softplus(-T) - 2 log 2, a 0-d tensor; zero where T is zero.

        Raises:
            ComponentError: A sample carries no data.
        """
        of_q, of_p = self.score(q), self.score(p)
        return q.mass @ softplus(of_q) + p.mass @ softplus(-of_p) - 2 * math.log(2)

    def score(self, sample: Sample) -> Tensor:
        """The logit T of each pair, (n,): log dq/dp where the discriminator is optimal.

        Raises:
            ComponentError: The sample carries no data.
        """
        return self._logits(*self._inputs(sample))

    def critic_losses(
        self, q: Sample, p: Sample, *, generator: torch.Generator | None = None
    ) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """Terms ``critic`` and, with a weight, ``gradient_penalty``; ``critic_accuracy``.

        Raises:
            ComponentError: A sample carries no data.
        """
        u, v = (part.detach().requires_grad_() for part in self._inputs(q))
        of_q, of_p = self._logits(u, v), self.score(p.detach())
        terms = {"critic": q.mass @ softplus(-of_q) + p.mass @ softplus(of_p)}
        if self.config.gradient_penalty > 0:
            gradients = torch.autograd.grad(
                of_q.sum(), (u, v), create_graph=True, allow_unused=True
            )
            squares = [g.flatten(1).square().sum(1) for g in gradients if g is not None]
            penalty = q.mass @ torch.stack(squares).sum(0)
            terms["gradient_penalty"] = 0.5 * self.config.gradient_penalty * penalty
        right = q.mass @ (of_q > 0).to(of_q) + p.mass @ (of_p < 0).to(of_p)
        return terms, {"critic_accuracy": right.detach() / 2}

    @property
    def feature_layers(self) -> int:
        """Number of hidden layers that see data alone."""
        return len(self.config.hidden)

    def features(self, x: Tensor, *, layer: int) -> Tensor:
        """Features (n, width) of data (n, *data_shape), without a gradient to the discriminator.

        Raises:
            ComponentError: There is no such layer.
        """
        if not 0 <= layer < self.feature_layers:
            raise ComponentError(
                f"there is no hidden layer {layer}; there are {self.feature_layers}"
            )
        part = self.of_x[: 2 * layer + 2]
        frozen = {name: parameter.detach() for name, parameter in part.named_parameters()}
        found: Tensor = functional_call(part, frozen, (self._standardized(x),))
        return found

    def _standardized(self, x: Tensor) -> Tensor:
        return ((x - self.mean) / self.scale).flatten(1)

    def _inputs(self, sample: Sample) -> tuple[Tensor, Tensor]:
        """What the network sees of a sample: (n, p) and (n, d)."""
        if sample.x is None:
            raise ComponentError(
                f"the divergence {self.name()!r} compares pairs of data and codes, and got codes "
                "alone",
                hint="give each sample its data: Sample(z, weights, x)",
            )
        return self._standardized(sample.x), sample.z

    def _logits(self, u: Tensor, v: Tensor) -> Tensor:
        h = self.of_x(u)
        if self.of_z is not None:
            h = torch.cat([h, self.of_z(v)], dim=1)
        logits: Tensor = self.last(h)
        return logits


def layers(*sizes: int) -> nn.Sequential:
    """Linear and LeakyReLU(0.2) between each two sizes."""
    found: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        found += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*found)
