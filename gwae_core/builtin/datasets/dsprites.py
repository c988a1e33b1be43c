"""dSprites: sprites on a grid of five factors, rendered or from the published file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt

from gwae_core.builtin.datasets.factor_grid import FactorGrid
from gwae_core.builtin.datasets.rendered_rows import RenderedRows
from gwae_core.builtin.datasets.sprites import SHAPES, render_sprites
from gwae_core.interfaces import DataArrays, Dataset
from gwae_core.row_source import RowSource

GRID = FactorGrid(("shape", "scale", "orientation", "posX", "posY"), (3, 6, 40, 32, 32))
SCALES = np.linspace(0.5, 1, 6)
ORIENTATIONS = np.linspace(0, 2 * np.pi, 40)
"""The first and the last are the same angle, as in the published data."""
PLACES = np.linspace(0, 1, 32)
DRAWING = "rendered dSprites, version 1"
"""What the rendered pictures are called; the version grows when the same row looks different."""


class DSprites(Dataset):
    """dSprites: a square, ellipse or heart of 6 scales, 40 orientations and 32 x 32 places.

    737,280 black-and-white pictures, one for each combination of the factors, whose class indices
    are the factors of the data and whose shape is the label (Matthey et al., 2017). Rendered, they
    are the same task as the published file, but not the same pixels: never put scores on the one
    beside scores on the other.
    """

    class Config(Dataset.Config):
        """Where the pictures come from, and which."""

        type: Literal["dsprites"] = "dsprites"
        source: Literal["rendered"] = "rendered"
        """``rendered`` draws each picture when it is asked for."""
        size: Literal[64, 32] = 64
        """Side of a picture; at 32, blocks of 2x2 pixels are averaged."""
        fixed: Mapping[str, NonNegativeInt] = {}
        """Factors that are held at one class, such as ``{orientation: 0}``; they are no factors of
        the data then."""
        limit: PositiveInt | None = None
        """Only so many combinations, drawn at random; null takes all."""
        limit_seed: int = 0
        """Seed of that draw."""

    config: Config

    def load(self) -> DataArrays:
        """Pictures (n, 1, size, size), class indices as factors, the shape as label if it varies.

        Raises:
            DataError: ``fixed`` names no factor, or there are fewer than ``limit`` combinations.
        """
        config = self.config
        rows = GRID.rows(fixed=config.fixed, limit=config.limit, seed=config.limit_seed)
        classes = GRID.classes(rows)
        varying = GRID.varying(config.fixed)
        labelled = "shape" not in config.fixed
        return DataArrays(
            x=self._rows(rows),
            y=classes[:, 0] if labelled else None,
            factors=classes[:, varying].astype(np.float64),
            label_names=SHAPES if labelled else None,
            factor_names=tuple(GRID.names[column] for column in varying),
        )

    def _rows(self, rows: NDArray[np.int64]) -> RowSource:
        size = self.config.size
        return RenderedRows(rows, (1, size, size), DRAWING, _Rendering(size))


@dataclass(frozen=True)
class _Rendering:
    """Pictures of combinations, by their number in the grid."""

    size: int

    def __call__(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        shape, scale, orientation, x, y = GRID.classes(rows).T
        return render_sprites(
            shape,
            scale=SCALES[scale],
            orientation=ORIENTATIONS[orientation],
            x=PLACES[x],
            y=PLACES[y],
            size=self.size,
        )
