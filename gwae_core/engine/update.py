"""One update of one group of parameters: losses, gradients, clipping, and what is not finite."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning_fabric import Fabric

from gwae_core.context import Batch
from gwae_core.engine.optimization import build_optimizer, gradient_norms, only_trains
from gwae_core.engine.schedule import set_rate
from gwae_core.engine.training_state import TrainingState, load_optimizer, save_optimizer
from gwae_core.errors import TrainingError
from gwae_core.interfaces import Losses, Objective, UpdateGroup
from gwae_core.training_config import TrainingConfig

Found = dict[str, dict[str, Any]]
"""What an update found out: ``terms``, and at logging steps gradient norms and observed values."""


class NotFiniteError(TrainingError):
    """A loss term or a gradient became NaN or infinite.

    Attributes:
        term: Name of the term.
        step: Step at which it happened.
        batch: The batch that it happened on.
    """

    def __init__(self, term: str, step: int, stage: str, batch: Batch) -> None:
        super().__init__(
            f"the term {term!r} is not finite at step {step} (stage {stage!r})",
            hint="lower training.learning_rate, set training.gradient_clip, lengthen "
            "training.warmup_steps, or look at the saved batch",
        )
        self.term, self.step, self.stage, self.batch = term, step, stage, batch


class Update:
    """Updates a group of parameters of an objective with an optimiser of its own.

    Args:
        group: The group.
        objective: The objective.
        stage: Name of the stage, for errors.
        fabric: Device and precision.
        training: Optimiser, clipping and accumulation.
    """

    def __init__(
        self,
        group: UpdateGroup,
        objective: Objective,
        *,
        stage: str,
        fabric: Fabric,
        training: TrainingConfig,
    ) -> None:
        self.group, self.objective, self.stage = group, objective, stage
        self.fabric, self.training = fabric, training
        self.parameters = [p for part in group.parameters for p in part.params]
        self.optimizer = build_optimizer(group, training)

    def state(self) -> TrainingState:
        """State of the optimiser."""
        return save_optimizer(self.optimizer)

    def load_state(self, state: TrainingState) -> None:
        """Continue from a state."""
        load_optimizer(self.optimizer, state)

    def set_rate(self, share: float) -> None:
        """Set the learning rate to a share of its peak."""
        set_rate(self.optimizer, share)

    def __call__(
        self,
        draw: Callable[[], Batch],
        *,
        step: int,
        generator: torch.Generator,
        logs: bool,
    ) -> Found:
        """Update once.

        Args:
            draw: Gives the next batch.
            step: Number of the step, for errors.
            generator: Of all noise.
            logs: Whether gradient norms and observed values are wanted; those of the last batch.

        Raises:
            NotFiniteError: A term or gradient is NaN or infinite; nothing was updated.
        """
        count = self.training.accumulate
        found: Found = {}
        terms: dict[str, float] = {}
        with only_trains(self.objective, self.parameters):
            self.optimizer.zero_grad(set_to_none=True)
            for _ in range(count):
                batch = draw()
                with self.fabric.autocast():
                    losses = self.objective.losses(self.group.name, batch, generator=generator)
                found["terms"] = self._finite(losses, step, batch)
                for name, value in found["terms"].items():
                    terms[name] = terms.get(name, 0.0) + value / count
                trained = [p for p in self.parameters if p.requires_grad]
                if logs:
                    found["gradient_norm"] = gradient_norms(losses.terms, trained)
                    found["observed"] = {k: float(v) for k, v in losses.observed.items()}
                # for these alone: points at which a penalty is taken want no gradient
                total = losses.total if count == 1 else losses.total / count
                self.fabric.backward(total, inputs=trained)
        norm = self._clip(found, step, batch)
        self.fabric.strategy.optimizer_step(self.optimizer)
        found["terms"] = terms
        if logs:
            found["total_gradient_norm"] = {self.group.name: norm}
        return found

    def _clip(self, found: Found, step: int, batch: Batch) -> float:
        """Clip the gradient; returns its norm before."""
        precision = self.fabric.strategy.precision
        precision.unscale_gradients(self.optimizer)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        value = float(norm)
        if not math.isfinite(value):
            # float16 overflows as long as its scale is too large; the scaler skips such a step and
            # halves the scale, which no overflow of 16 bits survives once it is below 1.
            if precision.state_dict().get("scale", 0.0) < 1:
                raise NotFiniteError(_culprit(found), step, self.stage, batch)
        elif self.training.gradient_clip is not None:
            torch.nn.utils.clip_grads_with_norm_(self.parameters, self.training.gradient_clip, norm)
        return value

    def _finite(self, losses: Losses, step: int, batch: Batch) -> dict[str, float]:
        values = torch.stack([term.detach().float() for term in losses.terms.values()]).tolist()
        for name, value in zip(losses.terms, values, strict=True):
            if not abs(value) < float("inf"):
                raise NotFiniteError(name, step, self.stage, batch)
        return dict(zip(losses.terms, values, strict=True))


def _culprit(found: Mapping[str, Mapping[str, float]]) -> str:
    """The term whose gradient is not finite, where norms were computed; else all of them."""
    for name, norm in found.get("gradient_norm", {}).items():
        if not abs(norm) < float("inf"):
            return f"gradient of {name}"
    return "gradient of " + " + ".join(found["terms"])
