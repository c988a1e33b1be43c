"""A module that carries more than parameters and buffers from one training step to the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor

Carried = Tensor | str | int | float | bool | None
"""What can be carried: a tensor or a plain value."""


class Resumable(ABC):
    """Saves what it carries from step to step, so that an interrupted run goes on bit for bit.

    For whatever is neither a parameter nor a persistent buffer: the stage an objective is in, a
    solution that the next step starts from. An objective with several stages must be one.
    """

    @abstractmethod
    def training_state(self) -> Mapping[str, Carried]:
        """What is carried, by name."""

    @abstractmethod
    def load_training_state(self, state: Mapping[str, Carried]) -> None:
        """Take up what `training_state` returned."""
