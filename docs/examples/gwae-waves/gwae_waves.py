from typing import Literal

import numpy as np
import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from gwae_core import BuildContext, DataArrays, Dataset, Encoder, GaussianPosterior, hookimpl
from gwae_core.errors import ComponentError

SHAPES = {
    "sine": lambda t: np.sin(2 * np.pi * t),
    "square": lambda t: np.sign(np.sin(2 * np.pi * t)),
    "sawtooth": lambda t: 2 * (t % 1) - 1,
}
"""Periodic functions of time, of period 1."""


class Waves(Dataset):
    """Noisy periodic series of three shapes: sine, square and sawtooth."""

    class Config(Dataset.Config):
        type: Literal["waves"] = "waves"
        number: PositiveInt = 1500
        """Number of series."""
        length: PositiveInt = Field(64, ge=8)
        """Points in time."""
        variation: NonNegativeFloat = Field(0.1, le=1)
        """Largest deviation of a frequency from 2, and of a phase from 0, in periods."""
        noise: NonNegativeFloat = 0.1
        """Standard deviation of the noise at each point."""
        seed: NonNegativeInt = 0
        """Seed of the data, which stays the same when the run's changes."""

    config: Config

    def load(self) -> DataArrays:
        config = self.config
        rng = np.random.default_rng(config.seed)
        y = np.arange(config.number) % len(SHAPES)
        frequency = 2 + config.variation * rng.uniform(-1, 1, config.number)
        phase = config.variation * rng.uniform(0, 1, config.number)
        t = np.linspace(0, 1, config.length)
        waves = list(SHAPES.values())
        x = np.stack([waves[k](f * t + p) for k, f, p in zip(y, frequency, phase, strict=True)])
        x += config.noise * rng.standard_normal(x.shape)
        return DataArrays(
            x=x.astype(np.float32),  # (n, length)
            y=y,
            factors=np.stack([frequency, phase], 1),
            label_names=tuple(SHAPES),
            factor_names=("frequency", "phase"),
        )


class SeriesEncoder(Encoder):
    """Strided convolutions over time, for series of one channel."""

    class Config(Encoder.Config):
        type: Literal["series"] = "series"
        channels: tuple[PositiveInt, ...] = Field((32, 64), min_length=1)
        """Channels of each layer; a layer halves the length."""
        width: PositiveInt = 128
        """Units of the layer that follows the convolutions."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        if context is None or len(context.data_shape) != 1:
            shape = context and context.data_shape
            raise ComponentError(
                f"the encoder series takes data of shape (length,); got {shape}",
                hint="take the encoder mlp for images",
            )
        (length,) = context.data_shape
        # A buffer: it moves with the module, is saved with it, and never learns.
        self.register_buffer("mean", context.statistics.mean)
        self.register_buffer("scale", torch.tensor(context.statistics.scale))
        layers: list[nn.Module] = []
        for before, after in zip((1, *config.channels), config.channels, strict=False):
            layers += [nn.Conv1d(before, after, 4, stride=2, padding=1), nn.SiLU()]
            length //= 2
        flat = config.channels[-1] * length
        layers += [nn.Flatten(), nn.Linear(flat, config.width), nn.SiLU()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(config.width, 2 * context.latent_dim)

    def forward(self, x: Tensor) -> GaussianPosterior:
        h = (x - self.mean) / self.scale  # (n, length)
        mean, spread = self.head(self.layers(h[:, None])).chunk(2, dim=1)  # (n, d) each
        return GaussianPosterior(mean, 5 * torch.tanh(spread / 5) - 3)  # log variance in (-8, 2)


@hookimpl
def gwae_components() -> list[type]:
    return [Waves, SeriesEncoder]
