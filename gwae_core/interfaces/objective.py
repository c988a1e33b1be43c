"""The objective: a training method over an encoder and a decoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from gwae_core.components import Component
from gwae_core.context import Batch
from gwae_core.interfaces.encoder import Posterior
from gwae_core.interfaces.training import Losses, Stage, UpdateGroup


class Objective(Component, nn.Module, ABC):
    """A training method over an encoder and a decoder."""

    kind: ClassVar[str] = "objective"

    class Config(Component.Config):
        """Parameters of an objective."""

    config: Config
    progress: float = 1.0
    """Share of all training steps that are done, for what is scheduled; the engine sets it."""

    def stages(self) -> Sequence[Stage]:
        """Stages in order; fractions sum to 1."""
        return (Stage("train"),)

    def start_stage(self, stage: str, x: Tensor, *, generator: torch.Generator) -> None:
        """Prepare a stage, given the training data (n, *data_shape); nothing by default."""
        return None

    @property
    def adversarial_terms(self) -> frozenset[str]:
        """Terms that a moving critic decides: they tell nothing about progress."""
        return frozenset()

    @abstractmethod
    def groups(self) -> Sequence[UpdateGroup]:
        """All update groups."""

    @abstractmethod
    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        """Terms that a group minimises on a batch."""

    @abstractmethod
    def encode(self, x: Tensor) -> Posterior:
        """Posterior over codes of data (n, *data_shape)."""

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """Expected data of codes (n, d): (n, *data_shape)."""

    def data_distances(self, x: Tensor) -> tuple[str, Tensor] | None:
        """Distances (n, n) of held-out data (n, *data_shape) in the objective's own data metric.

        Returns:
            The metric's name and the distances; None where it is the Euclidean one, or there is
            none.
        """
        return None

    @abstractmethod
    def sample_latent(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw codes (n, d) to generate from."""
