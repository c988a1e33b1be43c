"""The exponential moving average of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class EMA:
    """Average of the parameters of a module over its training steps.

    w_bar <- d_t w_bar + (1 - d_t) w with d_t = min(d, (1 + t) / (10 + t)) after step t, so that the
    first weights are soon forgotten (Polyak & Juditsky, 1992, average with equal weights). Buffers
    have no average: the present ones belong to it.

    Args:
        module: Whose parameters are averaged.
        decay: d, in (0, 1).
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
        self.steps = 0
        self.average = {name: p.detach().clone() for name, p in self.parameters.items()}

    @torch.no_grad()
    def restart(self) -> None:
        """Forget every step: a stage that changes weights at once begins a new average."""
        self.steps = 0
        for name, parameter in self.parameters.items():
            self.average[name].copy_(parameter)

    @torch.no_grad()
    def update(self) -> None:
        """Take a step's weights in."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.average.values()), list(self.parameters.values()), 1 - decay)

    @torch.no_grad()
    def load(self, average: Mapping[str, Tensor], steps: int) -> None:
        """Continue from an average that was saved."""
        self.steps = steps
        for name, own in self.average.items():
            own.copy_(average[name])

    def averages(self, module: nn.Module) -> dict[str, Tensor]:
        """The average of each parameter, under every name that the module has for it."""
        first = {id(parameter): name for name, parameter in self.parameters.items()}
        return {
            name: self.average[first[id(parameter)]]
            for name, parameter in module.named_parameters(remove_duplicate=False)
            if id(parameter) in first
        }

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The module has the averaged weights inside of the block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def apply(self) -> None:
        """Give the module the averaged weights for good."""
        for name, parameter in self.parameters.items():
            parameter.copy_(self.average[name])

    @torch.no_grad()
    def _swap(self) -> None:
        # In place: caches that watch the versions of parameters notice.
        for name, parameter in self.parameters.items():
            kept = parameter.clone()
            parameter.copy_(self.average[name])
            self.average[name].copy_(kept)
