"""What an objective tells the engine: update groups, stages, and the losses of a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Parameters:
    """Parameters that share a learning rate; None takes the run's."""

    params: Sequence[nn.Parameter]
    learning_rate: float | None = None


@dataclass(frozen=True)
class UpdateGroup:
    """Parameters that one optimiser updates, ``steps`` times for each training step.

    All groups with ``same_batch`` see the same batch throughout a training step; to the others each
    update brings one of its own.
    """

    name: str
    parameters: Sequence[Parameters]
    steps: int = 1
    same_batch: bool = False


@dataclass(frozen=True)
class Stage:
    """A part of training: its share of all steps, and the names of the groups that it updates."""

    name: str
    fraction: float = 1.0
    groups: tuple[str, ...] = ("main",)

    @property
    def validated(self) -> str:
        """Group whose terms are validated: ``main``, or the last where the stage leaves it out."""
        return "main" if "main" in self.groups else self.groups[-1]


@dataclass(frozen=True)
class Losses:
    """Loss terms of one step, already weighted, and values worth logging."""

    terms: Mapping[str, Tensor]
    observed: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def total(self) -> Tensor:
        """Sum of the terms."""
        return torch.stack(list(self.terms.values())).sum()
