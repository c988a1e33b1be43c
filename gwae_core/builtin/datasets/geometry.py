"""Surfaces, curves and clouds with true distances."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from gwae_core.builtin.datasets.manifolds import (
    Blobs,
    Manifold,
    Sphere,
    Spirals,
    SwissRoll,
    Torus,
)
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays, Dataset

MANIFOLDS: dict[str, Manifold] = {
    "swiss-roll": SwissRoll(),
    "torus": Torus(),
    "sphere": Sphere(),
    "spirals": Spirals(),
    "blobs": Blobs(),
}


class Geometry(Dataset):
    """Points of a swiss roll, flat torus, sphere, two spirals or blobs, with true distances.

    Coordinates on the surface or curve are the factors. ``true_distances`` of the loaded data gives
    the lengths of shortest paths from them, in closed form, and the metric `geometry` compares
    codes with these under the name ``true`` (Tenenbaum et al., 2000).
    """

    class Config(Dataset.Config):
        """The shape, and how it is sampled."""

        type: Literal["geometry"] = "geometry"
        shape: Literal["swiss-roll", "torus", "sphere", "spirals", "blobs"] = "swiss-roll"
        """``swiss-roll`` (3 dimensions), ``torus`` (flat, 4), ``sphere`` (3), ``spirals`` (2, two
        arms that meet), ``blobs`` (2, five)."""
        n: int = Field(2000, ge=3)
        """Number of points."""
        noise: NonNegativeFloat = 0.0
        """Standard deviation of Gaussian noise on each dimension of the data; factors and true
        distances are those without it."""
        dim: PositiveInt | None = None
        """Dimensions of the data: the points are turned at random into a space of so many, which
        changes no distance; null takes the shape's own."""
        seed: NonNegativeInt = 0
        """Seed of the points, the noise and the turn."""

    config: Config

    def load(self) -> DataArrays:
        """Points (n, dim), coordinates as factors, arm or blob as label, true distances.

        Raises:
            DataError: The shape needs more dimensions than ``dim``.
        """
        config = self.config
        manifold = MANIFOLDS[config.shape]
        rng = np.random.default_rng(config.seed)
        coordinates = manifold.sample(config.n, rng)
        x = manifold.embed(coordinates)
        if config.dim is not None:
            if config.dim < x.shape[1]:
                raise DataError(
                    f"{config.shape} needs {x.shape[1]} dimensions; data.dim gives {config.dim}"
                )
            turn = np.linalg.qr(rng.normal(size=(config.dim, x.shape[1])))[0]  # columns orthonormal
            x = x @ turn.T
        x = x + config.noise * rng.normal(size=x.shape)
        labels = None if manifold.label is None else coordinates[:, 0].astype(np.int64)
        count = 0 if labels is None else int(labels.max()) + 1
        return DataArrays(
            x=x.astype(np.float32),
            y=labels,
            factors=coordinates,
            label_names=tuple(f"{manifold.label} {k}" for k in range(count)) or None,
            factor_names=manifold.names,
            true_distances=manifold.distances,
        )
