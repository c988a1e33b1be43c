"""`load`: a trained model from its run folder, on arrays or tensors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gwae_core.build import build_objective
from gwae_core.checkpoints import load_state, read_checkpoint
from gwae_core.config import RunConfig
from gwae_core.context import BuildContext
from gwae_core.errors import ConfigError, DataError, RunFolderError
from gwae_core.interfaces import MixturePrior, Objective
from gwae_core.provenance import changes
from gwae_core.run_folder import RunFolder

Array = TypeVar("Array", NDArray[Any], Tensor)
CHUNK = 1024
"""Data points that go through the model at once."""


class Model:
    """A trained model. What goes in as an array comes out as an array, a tensor as a tensor.

    Args:
        objective: The trained objective.
        config: Its run configuration.
        folder: Its run folder.
        data_shape: Shape of one data point.
    """

    def __init__(
        self,
        objective: Objective,
        config: RunConfig,
        folder: Path,
        data_shape: tuple[int, ...],
    ) -> None:
        self.objective = objective.eval()
        self.config = config
        self.folder = folder
        self.data_shape = data_shape

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

    @torch.inference_mode()
    def sample(self, n: int, *, component: int | None = None, seed: int = 0) -> NDArray[np.float32]:
        """Generate n data points (n, *data_shape) from the prior, or from one of its components.

        Raises:
            ConfigError: The prior has no components, or n is not positive.
        """
        if n < 1:
            raise ConfigError(f"the number of samples must be at least 1; got {n}")
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
        return np.asarray(torch.cat(parts).float().cpu().numpy(), dtype=np.float32)

    @property
    def _like(self) -> Tensor:
        return next(iter(self.objective.parameters()))

    @torch.inference_mode()
    def _apply(self, values: Array, shape: tuple[int, ...], what: str, function: Any) -> Array:
        like = self._like
        tensor = values if isinstance(values, Tensor) else torch.from_numpy(np.asarray(values))
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
) -> Model:
    """Load a trained model by its weights and configuration alone.

    Args:
        folder: The run folder.
        checkpoint: ``last`` or ``best``; None takes the one that the run selected.
        parts: Modules of the user's own that the run was trained with, by name.

    Raises:
        RunFolderError: The folder or its checkpoint cannot be read, or is of another model.
        ConfigError: A component is not installed; the message names the distribution it came from.
    """
    opened = RunFolder.open(folder)
    facts = opened.read_environment()
    config = read_config(opened, facts)
    try:
        data_shape = tuple(int(size) for size in facts["data"]["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunFolderError(f"{opened.environment} does not say the shape of the data") from error
    objective = build_objective(
        config, BuildContext.for_shape(data_shape, config.latent_dim), parts=parts
    )
    path = opened.checkpoint(checkpoint or config.training.select)
    state, _ = read_checkpoint(path)
    load_state(objective, state, path)
    return Model(objective, config, opened.path, data_shape)


def read_config(folder: RunFolder, facts: Mapping[str, Any]) -> RunConfig:
    """Read a run's configuration; say which plugin is missing or of another version.

    Raises:
        ConfigError: It is not valid here.
    """
    different = changes(facts.get("components", {}))
    try:
        config = RunConfig.from_file(folder.config)
    except ConfigError as error:
        if different:
            raise ConfigError(error.message, hint="; ".join(different)) from error
        raise
    for sentence in different:
        warnings.warn(sentence, stacklevel=3)
    return config
