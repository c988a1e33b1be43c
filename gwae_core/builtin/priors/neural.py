"""The neural prior: noise through a network, standardised."""

from __future__ import annotations

import itertools
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from gwae_core.builtin.priors.leaky_silu import LeakySiLU
from gwae_core.context import BuildContext
from gwae_core.interfaces import Prior

EVALUATION_POINTS = 2**15
"""Noise points of the moments in evaluation; they keep the error below 0.01 for steep networks."""
VARIANCE_FLOOR = 1e-12
"""Added to variances, so that a network that is constant in a coordinate gives 0 and not NaN."""


def sobol_normal(n: int, d: int) -> Tensor:
    """Points (n, d), float32, that fill N(0, I) more evenly than random ones; always the same."""
    engine = torch.quasirandom.SobolEngine(d, scramble=True, seed=0)  # type: ignore[no-untyped-call]
    u = engine.draw(n, dtype=torch.float64)
    # scrambled points may round to the ends of [0, 1], whose quantiles are infinite
    normal: Tensor = torch.special.ndtri(u.clamp(1e-9, 1 - 1e-9))
    return normal.float()


class Neural(Prior):
    """Noise through a multilayer perceptron, standardised: a flexible prior.

    z = (g(eps) - m) / s with eps ~ N(0, I), g an MLP d-4d-4d-4d-d with LeakySiLU, and m, s the mean
    and standard deviation of each coordinate of g(eps) (Nakagawa et al., 2023). The moments are
    those over a fixed set of quasi-random eps: 1,024 of them in training, where the gradient flows
    through m and s, and 32,768 in evaluation; where no gradient is wanted, as in the steps of a
    critic, they are computed once for each state of the parameters. So z is a function of its own
    eps and of the parameters: samples (n, d) are independent, n = 1 is as good as any n, and mean
    and standard deviation are right to 0.01 in evaluation. Batch normalisation, as published, has
    none of these.
    """

    class Config(Prior.Config):
        """Size of the network."""

        type: Literal["neural"] = "neural"
        hidden_layers: PositiveInt = 3
        """Number of hidden layers."""
        width_factor: PositiveInt = 4
        """Width of the hidden layers in units of the latent dimension."""
        training_points: PositiveInt = 1024
        """Noise points of the moments in training."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        d, hidden = self.latent_dim, config.width_factor * self.latent_dim
        layers: list[nn.Module] = []
        for fan_in, fan_out in itertools.pairwise([d] + config.hidden_layers * [hidden]):
            layers += [nn.Linear(fan_in, fan_out), LeakySiLU()]
        # the standardisation would take a bias away again
        self.network = nn.Sequential(*layers, nn.Linear(hidden, d, bias=False))
        points = sobol_normal(config.training_points, d)
        self.register_buffer("points", points, persistent=False)
        self.register_buffer("cached", torch.empty(2, d), persistent=False)
        self._cached_for: tuple[object, ...] = ()

    points: Tensor
    cached: Tensor

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw z = (g(eps) - m) / s: (n, d), independent given the parameters."""
        mean, scale = self._moments()
        z: Tensor = self.network(self.noise(n, generator=generator))
        return (z - mean) / scale

    def _moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of g(eps), (d,) each."""
        if self.training and torch.is_grad_enabled():
            return self._moments_over(self.points)
        # every update of a parameter raises its version, and a copy of the prior has others; an
        # inference tensor cannot be updated
        versions = ((id(p), 0 if p.is_inference() else p._version) for p in self.parameters())
        state = (self.training, *versions)
        if self._cached_for != state:
            # an inference tensor in the cache could not be used in a later call with a graph
            with torch.inference_mode(False), torch.no_grad():
                points = self.points
                if not self.training:
                    points = sobol_normal(EVALUATION_POINTS, self.latent_dim).to(points)
                self.cached = torch.stack(self._moments_over(points))
            self._cached_for = state
        mean, scale = self.cached
        return mean, scale

    def _moments_over(self, points: Tensor) -> tuple[Tensor, Tensor]:
        values = self.network(points)  # (m, d)
        mean = values.mean(0)
        return mean, ((values - mean).square().mean(0) + VARIANCE_FLOOR).sqrt()
