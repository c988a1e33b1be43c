"""The state of a run between two steps: named tensors and plain values, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gwae_core.errors import TrainingError
from gwae_core.interfaces import Objective, Resumable


@dataclass(frozen=True)
class TrainingState:
    """All that a run has to know to go on as if it had never stopped.

    Attributes:
        tensors: Tensors by name, ``part/name`` for those of a part.
        values: Values of JSON types by name.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def put(self, name: str, part: TrainingState) -> None:
        """Add the state of a part under its name."""
        self.tensors.update({f"{name}/{key}": tensor for key, tensor in part.tensors.items()})
        self.values[name] = part.values

    def part(self, name: str) -> TrainingState:
        """The state of a part."""
        prefix = f"{name}/"
        tensors = {
            key.removeprefix(prefix): tensor
            for key, tensor in self.tensors.items()
            if key.startswith(prefix)
        }
        return TrainingState(tensors, self.values.get(name, {}))


def save_objective(objective: Objective) -> TrainingState:
    """Parameters, buffers, and what its `Resumable` parts carry from step to step."""
    state = TrainingState()
    state.put("weights", TrainingState(dict(objective.state_dict())))
    for name, module in objective.named_modules():
        if isinstance(module, Resumable):
            carried = module.training_state()
            tensors = {key: item for key, item in carried.items() if isinstance(item, Tensor)}
            plain = {key: item for key, item in carried.items() if key not in tensors}
            state.put(f"carried.{name}", TrainingState(tensors, plain))
    return state


def load_objective(objective: Objective, state: TrainingState) -> None:
    """Continue from what `save_objective` returned.

    Raises:
        TrainingError: The state is of another model, or the objective has several stages and does
            not say what it carries from step to step.
    """
    if len(objective.stages()) > 1 and not isinstance(objective, Resumable):
        raise TrainingError(
            f"the objective {objective.name()!r} has stages, and cannot be resumed: it does not "
            "say what start_stage changes",
            hint="its author lets the class inherit from gwae_core.interfaces.Resumable",
        )
    try:
        objective.load_state_dict(state.part("weights").tensors)
    except RuntimeError as error:
        raise TrainingError(f"the training state is of another model: {error}") from error
    for name, module in objective.named_modules():
        if isinstance(module, Resumable):
            part = state.part(f"carried.{name}")
            module.load_training_state({**part.tensors, **part.values})


def save_optimizer(optimizer: Optimizer) -> TrainingState:
    """Moments and counters of an optimiser, by the position of the parameter and their name."""
    state = TrainingState()
    for position, entries in optimizer.state_dict()["state"].items():
        tensors = {key: item for key, item in entries.items() if isinstance(item, Tensor)}
        plain = {key: item for key, item in entries.items() if key not in tensors}
        state.put(str(position), TrainingState(tensors, plain))
    return state


def load_optimizer(optimizer: Optimizer, state: TrainingState) -> None:
    """Continue from what `save_optimizer` returned; rates are set by the schedule."""
    entries = {}
    for position in state.values:
        part = state.part(position)
        entries[int(position)] = {**part.tensors, **part.values}
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": entries, "param_groups": groups})


def snapshot(state: TrainingState) -> TrainingState:
    """The state with copies on the CPU of its tensors, which training may then overwrite."""
    with torch.no_grad():
        copies = {
            name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, tensor in state.tensors.items()
        }
    return TrainingState(copies, state.values)
