"""The uniform prior on a sphere."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import PositiveFloat
from torch import Tensor, nn

from gwae_core.context import BuildContext
from gwae_core.interfaces import Prior


class Spherical(Prior):
    """Uniform distribution on a sphere, of fixed or trainable radius: directions.

    z = r eps / |eps| with eps ~ N(0, I) (Muller, 1959). With the default r = sqrt d each coordinate
    has mean 0 and variance 1. Samples have shape (n, d).

    The sphere has no volume, so there is no density over codes and `vae` refuses this prior; the
    density with respect to the sphere's own area is `surface_log_density`. Encoders here do not
    confine codes to the sphere (Davidson et al., 2018, do): the divergence pulls them there.
    """

    class Config(Prior.Config):
        """The radius."""

        type: Literal["spherical"] = "spherical"
        radius: PositiveFloat | None = None
        """Radius of the sphere, at the start where it learns; null takes sqrt d."""
        trainable: bool = False
        """Whether the radius learns, on a logarithmic scale."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        radius = math.sqrt(self.latent_dim) if config.radius is None else config.radius
        self.log_radius = nn.Parameter(
            torch.tensor(math.log(radius)), requires_grad=config.trainable
        )

    @property
    def radius(self) -> Tensor:
        """r, a 0-d tensor."""
        return self.log_radius.exp()

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw z, uniform on the sphere: (n, d)."""
        eps = self.noise(n, generator=generator)
        length = eps.square().sum(1, keepdim=True).sqrt()
        # A row of zeros, which has no direction, gives the centre and not NaN.
        return self.radius * eps / length.clamp_min(torch.finfo(eps.dtype).tiny)

    def surface_log_density(self) -> Tensor:
        """-log A, A = 2 pi^(d/2) r^(d-1) / Gamma(d/2) the area of the sphere: a 0-d tensor.

        In nats, the same at every point of the sphere; for d = 1, the log probability of each of
        the two points.
        """
        d = self.latent_dim
        log_unit_area = math.log(2) + 0.5 * d * math.log(math.pi) - math.lgamma(d / 2)
        return -(log_unit_area + (d - 1) * self.log_radius)
