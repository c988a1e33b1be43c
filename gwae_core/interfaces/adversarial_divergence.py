"""The divergence that a critic estimates while the model trains against it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from gwae_core.errors import ComponentError
from gwae_core.interfaces.divergence import Divergence, Sample
from gwae_core.interfaces.training import Parameters, UpdateGroup


class AdversarialDivergence(Divergence):
    """A divergence estimated by a critic of its own, trained in the update group ``critic``."""

    class Config(Divergence.Config):
        """How a critic is trained."""

        steps: PositiveInt = 1
        """Critic steps for each step of the model."""
        learning_rate: PositiveFloat | None = None
        """Learning rate of the critic; null takes the run's."""
        same_batch: bool = False
        """Whether the critic's steps see the batch of the model's step, with other noise in each;
        then data are read, and encoded, once for all of them. Else each has a batch of its own."""

    config: Config

    @property
    def critic_steps(self) -> int:
        """Critic steps for each step of the model."""
        return self.config.steps

    @property
    def learning_rate(self) -> float | None:
        """The critic's learning rate; None takes the run's."""
        return self.config.learning_rate

    def groups_with(self, main: Sequence[Parameters]) -> list[UpdateGroup]:
        """``critic``, which is updated first, and ``main``, the rest of a model with this part."""
        critic = Parameters(list(self.parameters()), self.learning_rate)
        same = self.config.same_batch
        return [
            UpdateGroup("critic", [critic], self.critic_steps, same_batch=same),
            UpdateGroup("main", main, same_batch=same),
        ]

    @abstractmethod
    def critic_losses(
        self, q: Sample, p: Sample, *, generator: torch.Generator | None = None
    ) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """Terms that the critic minimises, and values to log; the samples carry no gradient."""

    @abstractmethod
    def score(self, sample: Sample) -> Tensor:
        """The critic's value of each pair, (n,)."""

    @property
    def feature_layers(self) -> int:
        """Number of hidden layers that see data alone; none unless overridden."""
        return 0

    def features(self, x: Tensor, *, layer: int) -> Tensor:
        """Features (n, ...) of data in a hidden layer, without a gradient to the critic.

        Raises:
            ComponentError: There is no such layer.
        """
        raise ComponentError(f"the divergence {self.name()!r} has no features of data")
