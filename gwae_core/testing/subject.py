"""A component under test: how it is built, what it is fed with, and what it must return."""

from __future__ import annotations

import copy
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gwae_core.components import Component, ComponentConfig
from gwae_core.context import BuildContext
from gwae_core.registered import config_class

N = 6
"""Data points in a batch."""
TRAIN = 40
"""Data points in the training split."""
PARTS: dict[str, dict[str, Any]] = {
    "reconstruction": {"type": "squared-error"},
    "encoder": {"type": "mlp", "hidden": [8]},
    "decoder": {"type": "mlp", "hidden": [8]},
}
"""Small components beside the one under test."""


@dataclass(frozen=True)
class Subject:
    """A configuration under test, and the data that it is tested on.

    Attributes:
        config: The configuration; its class knows the component.
        data_shape: Shape of one data point.
        latent_dim: Number of latent dimensions.
    """

    config: ComponentConfig
    data_shape: tuple[int, ...]
    latent_dim: int

    @property
    def component(self) -> type[Component]:
        """The class under test."""
        component: type[Component] = type(self.config).component
        return component

    def data(self, n: int = TRAIN) -> Tensor:
        """Data in [0, 1], (n, *data_shape), the same at every call."""
        return torch.rand(n, *self.data_shape, generator=torch.Generator().manual_seed(1))

    def context(self, *, neutral: bool = False) -> BuildContext:
        """The context of the data, or the one without data that a trained model is loaded in.

        Whoever tests a component runs its code, so that code which it names may be imported.
        """
        if neutral:
            shape = self.data_shape
            context = BuildContext.for_shape(shape, self.latent_dim, allow_import=True)
        else:
            context = BuildContext.for_data(self.data(), self.latent_dim, allow_import=True)
        for kind, values in PARTS.items():
            part = config_class(kind, values["type"]).model_validate(values).build(context)
            context = context.with_parts(**{kind: part})
        return context

    def build(self, *, seed: int = 0, neutral: bool = False) -> Any:
        """Build the component; its first weights are fixed by the seed."""
        with seeded(seed):
            return self.config.build(self.context(neutral=neutral))

    def use(self, component: Any) -> dict[str, Tensor]:
        """Results of the component on the kit's data, the same at every call; a kind says which."""
        return {}

    def state(self, component: Any) -> dict[str, Tensor]:
        """What a run saves of the component beside its configuration: nothing but of a module."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> Any:
        """Build the component and give it a state."""
        return self.build()


class ModuleSubject(Subject, ABC):
    """A component that is a torch module."""

    differentiable: ClassVar[tuple[str, ...]] = ()
    """Inputs that a gradient must reach."""
    rowwise: ClassVar[tuple[str, ...]] = ()
    """Outputs of which row i must depend on row i of the inputs alone."""
    needs_many: ClassVar[bool] = False
    """Whether one point may be refused by a GWAEError, because it says nothing."""

    @abstractmethod
    def inputs(self, n: int) -> dict[str, Tensor]:
        """Inputs for n points."""

    @abstractmethod
    def outputs(
        self, module: Any, inputs: Mapping[str, Tensor], n: int, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """All that the module makes of the inputs."""

    @abstractmethod
    def shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """Shape that each output must have; outputs of any shape are left out."""

    def exercise(
        self,
        module: nn.Module,
        n: int = N,
        *,
        inputs: Mapping[str, Tensor] | None = None,
        seed: int = 0,
    ) -> dict[str, Tensor]:
        """Outputs for n points, on the device and of the dtype of the inputs."""
        inputs = self.inputs(n) if inputs is None else inputs
        device = next((t.device for t in inputs.values()), torch.device("cpu"))
        generator = torch.Generator(device).manual_seed(seed)
        return self.outputs(module, inputs, n, generator)

    def use(self, component: nn.Module) -> dict[str, Tensor]:
        """Outputs for the kit's inputs."""
        return {name: tensor.detach() for name, tensor in self.exercise(component).items()}

    def state(self, component: nn.Module) -> dict[str, Tensor]:
        """A copy of parameters and persistent buffers."""
        return {name: tensor.detach().clone() for name, tensor in component.state_dict().items()}

    def restore(self, state: Mapping[str, Tensor]) -> Any:
        """Build the module and load a state into it."""
        module = self.build()
        module.load_state_dict(state)
        return module


def perturbed(module: nn.Module) -> nn.Module:
    """A copy whose parameters differ from a fresh build's."""
    module = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator))
    return module


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed every global random state, and restore it afterwards."""
    states = random_states()
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states["random"])
        np.random.set_state(states["numpy.random"])
        torch.set_rng_state(states["torch"])


def random_states() -> dict[str, Any]:
    """The global random states, by the module that holds them."""
    return {
        "random": random.getstate(),
        "numpy.random": np.random.get_state(),
        "torch": torch.get_rng_state(),
    }


def changed_states(before: Mapping[str, Any]) -> list[str]:
    """Names of the global random states that are no longer what they were."""
    after = random_states()
    same = {
        "random": before["random"] == after["random"],
        "numpy.random": all(
            np.array_equal(a, b)
            for a, b in zip(before["numpy.random"], after["numpy.random"], strict=True)
        ),
        "torch": torch.equal(before["torch"], after["torch"]),
    }
    return [name for name, kept in same.items() if not kept]
