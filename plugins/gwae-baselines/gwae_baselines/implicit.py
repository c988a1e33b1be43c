"""The encoder of an implicit posterior: noise is an input of its network."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from gwae_core import BuildContext, Encoder, Posterior
from gwae_core.context import require
from gwae_core.posteriors import widened


@dataclass(frozen=True)
class ImplicitPosterior(Posterior):
    """The distribution of f(x, eps), eps ~ N(0, I), which has no density at hand.

    Attributes:
        inputs: Standardised data, (n, p).
        network: f, of p + noise_dim inputs.
        noise_dim: Dimensions of eps.
    """

    inputs: Tensor
    network: nn.Module
    noise_dim: int

    @property
    def mean(self) -> Tensor:  # type: ignore[override]
        """The code without noise, f(x, 0): (n, d)."""
        return self._code(self.inputs.new_zeros(len(self.inputs), self.noise_dim))

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw f(x, eps): (n, d)."""
        like = self.inputs
        shape = (len(like), self.noise_dim)
        return self._code(
            torch.randn(shape, generator=generator, device=like.device, dtype=like.dtype)
        )

    def _code(self, eps: Tensor) -> Tensor:
        code: Tensor = widened(self.network(torch.cat([self.inputs, eps], dim=1)))
        return code


class ImplicitEncoder(Encoder):
    """Fully connected layers that take noise beside the data: posteriors of any shape.

    z = f(x, eps), eps ~ N(0, I) (Mescheder et al., 2017), on standardised data of any shape, with
    SiLU. There is no density, so that it goes with objectives that take samples alone: avb, ali,
    gwae without its entropy term. Evaluation takes f(x, 0).
    """

    class Config(Encoder.Config):
        """Parameters of the encoder."""

        type: Literal["implicit"] = "implicit"
        hidden: tuple[PositiveInt, ...] = (256, 256)
        """Widths of the hidden layers, each followed by SiLU."""
        noise_dim: PositiveInt = 16
        """Number of noise inputs."""

    config: Config
    mean: Tensor
    scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        self.register_buffer("mean", context.statistics.mean.detach().clone())
        self.register_buffer("scale", torch.tensor(context.statistics.scale))
        sizes = (context.num_features + config.noise_dim, *config.hidden)
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.SiLU()]
        self.network = nn.Sequential(*layers, nn.Linear(sizes[-1], context.latent_dim))

    def forward(self, x: Tensor) -> ImplicitPosterior:
        """Encode data (n, *data_shape)."""
        inputs = ((x - self.mean) / self.scale).flatten(1)  # (n, p)
        return ImplicitPosterior(inputs, self.network, self.config.noise_dim)
