"""A prior on a cube, as a plugin of gwae-core."""

from typing import Literal

import torch
from pydantic import PositiveFloat
from torch import Generator, Tensor

from gwae_core import Prior, hookimpl


class Cube(Prior):
    """Uniform distribution on a cube centred at the origin."""

    class Config(Prior.Config):
        type: Literal["cube"] = "cube"
        half_width: PositiveFloat = 1.0
        """Half the length of an edge."""

    config: Config

    def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
        like = self.anchor  # on the device and of the dtype of the prior
        shape = (n, self.latent_dim)
        u = torch.rand(shape, generator=generator, device=like.device, dtype=like.dtype)
        return self.config.half_width * (2 * u - 1)


@hookimpl
def gwae_components() -> list[type[Prior]]:
    return [Cube]
