"""3D Shapes: an object in a room on a grid of six factors, rendered or from the published file."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from gwae_core.builtin.datasets.factor_grid import FactorGrid
from gwae_core.builtin.datasets.grid_dataset import GridDataset
from gwae_core.builtin.datasets.rendered_rows import RenderedRows
from gwae_core.builtin.datasets.room import room_weights
from gwae_core.builtin.datasets.shapes3d_file import read_shapes
from gwae_core.builtin.datasets.solids import NAMES
from gwae_core.errors import DataError
from gwae_core.row_source import RowSource

GRID = FactorGrid(
    ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"),
    (10, 10, 10, 8, 4, 15),
)
SCALES = np.linspace(0.75, 1.25, 8)
ORIENTATIONS = np.linspace(-30, 30, 15)
"""Angles of the camera about the object, in degrees."""
HUES = np.arange(10) / 10
VALUES = (HUES, HUES, HUES, SCALES, np.arange(4.0), ORIENTATIONS)
"""Values of the factors, as the published file has them."""
COLOURS = np.array([colorsys.hsv_to_rgb(hue, 0.8, 0.95) for hue in HUES], dtype=np.float32)
WHITE = np.ones(3, dtype=np.float32)
DRAWING = "rendered 3D Shapes, version 1"
"""What the rendered pictures are called; the version grows when the same row looks different."""


class Shapes3D(GridDataset):
    """3D Shapes: an object in a room; hues of floor, wall, object, its size, shape, and the view.

    480,000 colour pictures, one for each combination of the factors, whose class indices are the
    factors of the data and whose shape is the label (Burgess and Kim, 2018). Rendered, the scene is
    one of our own with the same factors: never put scores on the one beside scores on the other.
    Rows of the file are read when they are asked for; it needs h5py.
    """

    class Config(GridDataset.Config):
        """Where the pictures come from, and which."""

        type: Literal["shapes3d"] = "shapes3d"
        size: Literal[64, 32] = 64
        """Side of a picture; at 32, blocks of 2x2 pixels are averaged."""

    config: Config
    grid: ClassVar = GRID
    label_names: ClassVar = NAMES
    get_it: ClassVar = "3dshapes.h5 is at github.com/google-deepmind/3d-shapes"

    def render(self, numbers: NDArray[np.int64]) -> RowSource:
        """Pictures (n, 3, size, size), made when they are asked for."""
        size = self.config.size
        return RenderedRows(numbers, (3, size, size), DRAWING, _Rendering(size))

    def read(self, path: Path) -> tuple[RowSource, NDArray[np.int64]]:
        """Pictures of the HDF5 file, which stay there."""
        rows, labels = read_shapes(path, self.config.size)
        classes = np.empty(labels.shape, dtype=np.int64)
        for k, (name, values) in enumerate(zip(GRID.names, VALUES, strict=True)):
            apart = np.abs(labels[:, k, None] - values)
            classes[:, k] = apart.argmin(1)
            if not apart.min(1).max() < 1e-3:
                raise DataError(
                    f"{path} has values of {name} that are not those of 3D Shapes: "
                    f"{values.round(3).tolist()}"
                )
        return rows, classes


@dataclass(frozen=True)
class _Rendering:
    """Pictures of combinations, by their number in the grid."""

    size: int

    def __call__(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        floor, wall, thing, *scenes = GRID.classes(numbers).T
        pictures = np.empty((len(numbers), 3, self.size, self.size), dtype=np.float32)
        for picture, a, b, c, *scene in zip(pictures, floor, wall, thing, *scenes, strict=True):
            colours = np.stack([COLOURS[a], COLOURS[b], COLOURS[c], WHITE])  # (4, 3)
            weights = _weights(*map(int, scene), self.size)  # (4, size^2)
            np.matmul(colours.T, weights, out=picture.reshape(3, -1))
        return pictures


@lru_cache(maxsize=480)
def _weights(scale: int, shape: int, orientation: int, size: int) -> NDArray[np.float32]:
    """Shares of the colours in each pixel of a scene: (4, size^2)."""
    angle = np.radians(ORIENTATIONS[orientation])
    weights = room_weights(shape, scale=SCALES[scale], orientation=angle)
    k = weights.shape[-1] // size
    pooled = weights.reshape(4, size, k, size, k).mean((2, 4))
    return np.ascontiguousarray(pooled.reshape(4, -1))
