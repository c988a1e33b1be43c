from typing import Literal

from pydantic import PositiveFloat
from torch import Generator, Tensor, erf

from gwae_core import Prior, hookimpl


class Cube(Prior):
    """Uniform distribution on a cube centred at the origin."""

    class Config(Prior.Config):
        type: Literal["cube"] = "cube"
        half_width: PositiveFloat = 1.0
        """Half the length of an edge."""

    def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
        eps = self.noise(n, generator=generator)  # (n, d), eps ~ N(0, I)
        return self.config.half_width * erf(eps / 2**0.5)  # erf(eps / sqrt 2) ~ U(-1, 1)


@hookimpl
def gwae_components() -> list[type[Prior]]:
    return [Cube]
