"""`load`: a trained model from its run folder, on arrays or tensors."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gwae_core.build import build_objective
from gwae_core.checkpoints import load_state, read_checkpoint
from gwae_core.components import Component
from gwae_core.config import PARTS, RunConfig, configuration, read_text
from gwae_core.context import BuildContext
from gwae_core.errors import ConfigError, DataError, RunFolderError
from gwae_core.interfaces import MixturePrior, Objective, Sampler
from gwae_core.provenance import changes, unregistered
from gwae_core.registered import OwnPart
from gwae_core.run_folder import RunFolder
from gwae_core.yaml import parse_yaml

Array = TypeVar("Array", NDArray[Any], Tensor)
CHUNK = 1024
"""Data points that go through the model at once."""


class Model:
    """A trained model. What goes in as an array comes out as an array, a tensor as a tensor.

    Args:
        objective: The trained objective.
        config: Its run configuration.
        folder: Its run folder, or None where it was trained without one.
        data_shape: Shape of one data point.
    """

    def __init__(
        self,
        objective: Objective,
        config: RunConfig,
        folder: Path | None,
        data_shape: tuple[int, ...],
    ) -> None:
        self.objective = objective.eval()
        self.config = config
        self.folder = folder
        self.data_shape = data_shape

    def __getstate__(self) -> dict[str, Any]:
        """Configuration and weights, on the CPU; modules of the user's own as they are."""
        children = dict(self.objective.named_children())
        own = [name for name in PARTS if isinstance(getattr(self.config, name), OwnPart)]
        return {
            "config": self.config,
            "folder": self.folder,
            "data_shape": self.data_shape,
            "dtype": self._like.dtype,
            "parts": {name: copy.deepcopy(children[name]).cpu().float() for name in own},
            "weights": {k: v.detach().cpu() for k, v in self.objective.state_dict().items()},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the model again, on the CPU."""
        config, data_shape = state["config"], state["data_shape"]
        # Whoever unpickles trusts the file to run code already.
        context = BuildContext.for_shape(data_shape, config.latent_dim, allow_import=True)
        objective = build_objective(config, context, parts=state["parts"]).to(state["dtype"])
        objective.load_state_dict(state["weights"])
        self.__init__(objective, config, state["folder"], data_shape)  # type: ignore[misc]

    def encode(self, x: Array) -> Array:
        """Codes (posterior means, (n, d)) of data (n, *data_shape).

        Raises:
            DataError: The data are of another shape, or hold NaN or inf.
        """
        return self._apply(
            x, self.data_shape, "data", lambda part: self.objective.encode(part).mean
        )

    def decode(self, z: Array) -> Array:
        """Expected data (n, *data_shape) of codes (n, d)."""
        return self._apply(z, (self.config.latent_dim,), "codes", self.objective.decode)

    def reconstruct(self, x: Array) -> Array:
        """Decoded codes of data (n, *data_shape)."""
        return self.decode(self.encode(x))

    def to_yaml(self) -> str:
        """The configuration that trains such a model, as YAML.

        Raises:
            ConfigError: A part is an object of the user's own; the message names every one.
        """
        return RunConfig.of(self.objective, base=self.config).to_yaml()

    @torch.inference_mode()
    def sample(
        self,
        n: int,
        *,
        component: int | None = None,
        sampler: Sampler | None = None,
        seed: int = 0,
    ) -> NDArray[Any]:
        """Generate n data points (n, *data_shape) from the prior.

        Args:
            n: Number of data points.
            component: One component of a mixture prior, from 0.
            sampler: A fitted sampler in the place of the prior (`gwae_core.fit_sampler`).
            seed: Seed of the samples.

        Raises:
            ConfigError: The prior has no components, or n is not positive, or both a component and
                a sampler are given.
            ComponentError: The sampler was not fitted.
            DataError: It was fitted on codes of another size.
        """
        if n < 1:
            raise ConfigError(f"the number of samples must be at least 1; got {n}")
        if sampler is not None:
            if component is not None:
                raise ConfigError("component is of the prior, which a sampler takes the place of")
            return self.decode(sampler.sample(n, seed=seed))
        generator = torch.Generator(device=self._like.device).manual_seed(seed)
        if component is None:
            z = self.objective.sample_latent(n, generator=generator)
        else:
            prior = getattr(self.objective, "prior", None)
            if not isinstance(prior, MixturePrior):
                raise ConfigError(
                    f"the prior {self.config.prior.type!r} has no components to sample from",
                    hint="leave the component out",
                )
            z = prior.sample_component(component, n, generator=generator)
        parts = [self.objective.decode(part) for part in torch.split(z, CHUNK)]
        generated: NDArray[Any] = torch.cat(parts).cpu().numpy()
        return generated

    @property
    def _like(self) -> Tensor:
        return next(iter(self.objective.parameters()))

    @torch.inference_mode()
    def _apply(self, values: Array, shape: tuple[int, ...], what: str, function: Any) -> Array:
        like = self._like
        tensor = values if isinstance(values, Tensor) else torch.tensor(np.asarray(values))
        if tuple(tensor.shape[1:]) != shape or len(tensor) == 0:
            raise DataError(
                f"{what} must be of shape (n, {', '.join(map(str, shape))}) with n >= 1; "
                f"got {tuple(tensor.shape)}"
            )
        tensor = tensor.to(like.device, like.dtype)
        if not bool(torch.isfinite(tensor).all()):
            raise DataError(f"{what} hold NaN or infinite values")
        result = torch.cat([function(part) for part in torch.split(tensor, CHUNK)])
        return result if isinstance(values, Tensor) else result.cpu().numpy()


def load(
    folder: Path | str,
    *,
    checkpoint: Literal["last", "best"] | None = None,
    parts: Mapping[str, nn.Module] | None = None,
    components: Sequence[type[Component]] = (),
    allow_import: bool = False,
) -> Model:
    """Load a trained model by its weights and configuration alone.

    Args:
        folder: The run folder.
        checkpoint: ``last`` or ``best``; None takes the one that the run selected.
        parts: Modules of your own that the run was trained with, by name; their weights are
            replaced by the trained ones.
        components: Classes of your own that the run was trained with, registered by no plugin.
        allow_import: Whether the run may name code to import (`type: module`); such code runs with
            your rights.

    Raises:
        RunFolderError: The folder or its checkpoint cannot be read, or is of another model.
        ConfigError: A component is not installed, or a part or class of your own was not given;
            the message names the distribution, part or class.
    """
    opened = RunFolder.open(folder)
    facts = opened.read_environment()
    config = read_config(opened, facts, parts=parts, components=components)
    try:
        data_shape = tuple(int(size) for size in facts["data"]["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunFolderError(f"{opened.environment} does not say the shape of the data") from error
    context = BuildContext.for_shape(data_shape, config.latent_dim, allow_import=allow_import)
    objective = build_objective(config, context, parts=parts)
    path = opened.checkpoint(checkpoint or config.training.select)
    state, _ = read_checkpoint(path)
    load_state(objective, state, path)
    return Model(objective, config, opened.path, data_shape)


def read_config(
    folder: RunFolder,
    facts: Mapping[str, Any],
    *,
    parts: Mapping[str, object] | None = None,
    components: Sequence[type[Component]] = (),
) -> RunConfig:
    """Read a run's configuration; say which plugin is missing or of another version.

    Args:
        folder: The run folder.
        facts: Its environment.
        parts: Objects of the user's own that take the place of fields, by name.
        components: Classes of the user's own, registered by no plugin.

    Raises:
        ConfigError: It is not valid here, or a module of the user's own was not given.
    """
    own = facts.get("own_parts") or {}
    if missing := [name for name in own if name not in (parts or {})]:
        named = [f"{name} ({own[name]})" if isinstance(own, Mapping) else name for name in missing]
        passed = ", ".join(f"{name!r}: ..." for name in missing)
        raise ConfigError(
            f"the run was trained with modules of your own: {', '.join(named)}",
            hint=f"pass modules of the same architecture: parts={{{passed}}}",
        )
    recorded = facts.get("components", {})
    different = changes(recorded)
    values = parse_yaml(read_text(folder.config), source=str(folder.config))
    values |= {name: configuration(part) for name, part in (parts or {}).items()}
    try:
        config = RunConfig.from_mapping(values, source=str(folder.config), components=components)
    except ConfigError as error:
        if paths := unregistered(recorded, components):
            names = ", ".join(path.rpartition(".")[2] for path in paths)
            different.append(
                f"the run was trained with classes that no plugin registers ({', '.join(paths)}): "
                f"pass them as components=[{names}]"
            )
        if different:
            raise ConfigError(error.message, hint="; ".join(different)) from error
        raise
    for sentence in different:
        warnings.warn(sentence, stacklevel=3)
    return config
