"""Optimisers of update groups, and the gradients of single terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from gwae_core.interfaces import UpdateGroup
from gwae_core.training_config import TrainingConfig


def build_optimizer(group: UpdateGroup, config: TrainingConfig) -> Optimizer:
    """The optimiser of an update group; a part without a rate of its own takes the run's."""
    parameters = [
        {
            "params": list(part.params),
            "lr": config.learning_rate if part.learning_rate is None else part.learning_rate,
        }
        for part in group.parameters
    ]
    for part in parameters:
        part["peak"] = part["lr"]
    decay = config.weight_decay
    match config.optimizer:
        case "adam":
            return Adam(parameters, weight_decay=decay)
        case "adamw":
            return AdamW(parameters, weight_decay=decay)
        case "rmsprop":
            return RMSprop(parameters, weight_decay=decay)
        case "sgd":
            return SGD(parameters, weight_decay=decay)


@contextmanager
def only_trains(module: nn.Module, trained: Sequence[Tensor]) -> Iterator[None]:
    """Freeze every parameter but some: no gradient is computed that nobody uses."""
    ours = {id(parameter) for parameter in trained}
    frozen = [p for p in module.parameters() if p.requires_grad and id(p) not in ours]
    for parameter in frozen:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)


def gradient_norms(terms: Mapping[str, Tensor], parameters: Sequence[Tensor]) -> dict[str, float]:
    """Norm of each term's own gradient; the graph is kept."""
    norms = {}
    for name, term in terms.items():
        if not term.requires_grad:
            norms[name] = 0.0
            continue
        gradients = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
        squares = [g.double().square().sum() for g in gradients if g is not None]
        norms[name] = float(torch.stack(squares).sum().sqrt()) if squares else 0.0
    return norms
