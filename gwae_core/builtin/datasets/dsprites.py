"""dSprites: sprites on a grid of five factors, rendered or from the published file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from gwae_core.builtin.datasets.factor_grid import FactorGrid
from gwae_core.builtin.datasets.grid_dataset import GridDataset
from gwae_core.builtin.datasets.rendered_rows import RenderedRows
from gwae_core.builtin.datasets.sprites import SHAPES, render_sprites
from gwae_core.builtin.datasets.sprites_file import read_sprites
from gwae_core.row_source import RowSource

GRID = FactorGrid(("shape", "scale", "orientation", "posX", "posY"), (3, 6, 40, 32, 32))
SCALES = np.linspace(0.5, 1, 6)
ORIENTATIONS = np.linspace(0, 2 * np.pi, 40)
"""The first and the last are the same angle, as in the published data."""
PLACES = np.linspace(0, 1, 32)
DRAWING = "rendered dSprites, version 1"
"""What the rendered pictures are called; the version grows when the same row looks different."""


class DSprites(GridDataset):
    """dSprites: a square, ellipse or heart of 6 scales, 40 orientations and 32 x 32 places.

    737,280 black-and-white pictures, one for each combination of the factors, whose class indices
    are the factors of the data and whose shape is the label (Matthey et al., 2017). Rendered, they
    are the same task as the published file, but not the same pixels: never put scores on the one
    beside scores on the other. The file is kept in memory at one bit a pixel, 360 MiB.
    """

    class Config(GridDataset.Config):
        """Where the pictures come from, and which."""

        type: Literal["dsprites"] = "dsprites"
        size: Literal[64, 32] = 64
        """Side of a picture; at 32, blocks of 2x2 pixels are averaged."""

    config: Config
    grid: ClassVar = GRID
    label_names: ClassVar = SHAPES
    get_it: ClassVar = (
        "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz is at github.com/deepmind/dsprites-dataset"
    )

    def render(self, numbers: NDArray[np.int64]) -> RowSource:
        """Sprites (n, 1, size, size), drawn when they are asked for."""
        size = self.config.size
        return RenderedRows(numbers, (1, size, size), DRAWING, _Rendering(size))

    def read(self, path: Path) -> tuple[RowSource, NDArray[np.int64]]:
        """Sprites of the npz file, without the colour, which is white."""
        rows, classes = read_sprites(path, self.config.size)
        return rows, classes[:, 1:]


@dataclass(frozen=True)
class _Rendering:
    """Pictures of combinations, by their number in the grid."""

    size: int

    def __call__(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        shape, scale, orientation, x, y = GRID.classes(numbers).T
        return render_sprites(
            shape,
            scale=SCALES[scale],
            orientation=ORIENTATIONS[orientation],
            x=PLACES[x],
            y=PLACES[y],
            size=self.size,
        )
