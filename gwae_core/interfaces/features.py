"""The feature extractor that distances between sets of images are measured in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from numpy.typing import NDArray
from torch import Tensor, nn

from gwae_core.components import Component


class Features(Component, nn.Module, ABC):
    """Maps data to feature vectors; its name is part of the name of every metric that uses it."""

    kind: ClassVar[str] = "features"
    images_only: ClassVar[bool] = False
    """Whether it takes nothing but images (n, channels, height, width)."""
    needs_labels: ClassVar[bool] = False
    """Whether it is fitted on labels."""

    class Config(Component.Config):
        """Parameters of a feature extractor."""

    config: Config

    def fit(self, x: NDArray[Any], y: NDArray[Any] | None, *, seed: int) -> None:
        """Fit on training data (n, *data_shape) and labels (n,), where there is something to fit.

        Raises:
            DataError: The extractor needs labels, and there are none.
        """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Features (n, k) of data (n, *data_shape)."""
