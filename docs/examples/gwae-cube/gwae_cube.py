"""A prior on a cube, as a plugin of gwae-core."""

from typing import Literal

import torch
from pydantic import PositiveFloat

from gwae_core.hooks import hookimpl
from gwae_core.interfaces import Prior


class Cube(Prior):
    """Uniform distribution on a cube centred at the origin."""

    class Config(Prior.Config):
        type: Literal["cube"] = "cube"
        half_width: PositiveFloat = 1.0
        """Half the length of an edge."""

    config: Config

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> torch.Tensor:
        u = torch.rand(n, self.latent_dim, generator=generator, device=self.anchor.device)
        return self.config.half_width * (2 * u - 1)


@hookimpl
def gwae_components() -> list[type[Prior]]:
    return [Cube]
