"""The sampler: a distribution fitted on codes after training, to generate from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from numpy.typing import NDArray

from gwae_core.components import Component


class Sampler(Component, ABC):
    """A distribution over codes that is fitted after training."""

    kind: ClassVar[str] = "sampler"

    class Config(Component.Config):
        """Parameters of a sampler."""

    config: Config

    @abstractmethod
    def fit(self, z: NDArray[Any], *, seed: int) -> None:
        """Fit on codes (n, d)."""

    @abstractmethod
    def sample(self, n: int, *, seed: int) -> NDArray[Any]:
        """Draw codes (n, d)."""
