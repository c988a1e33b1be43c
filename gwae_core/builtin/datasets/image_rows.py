"""Images that are decoded from their files when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gwae_core.builtin.datasets.image_file import read_image
from gwae_core.row_source import RowSource

MAX_PIXELS = 1_000_000
"""Most pixels of a file: published pictures are far smaller."""


@dataclass(frozen=True, eq=False)
class ImageRows(RowSource):
    """Images (n, channels, height, width) of as many files, in [0, 1].

    Attributes:
        index: Positions in ``files``, (n,), in the order of the data.
        point: (channels, height, width).
        origin: The folder.
        files: The files.
        crop: Side of the square about the centre that is taken before scaling; None takes all.
    """

    files: tuple[Path, ...]
    crop: int | None = None

    @property
    def is_finite(self) -> bool:
        """Whole numbers are."""
        return True

    def read(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Decode files: (m, channels, height, width)."""
        channels, height, width = self.point
        pixels = np.empty((len(index), *self.point), dtype=np.uint8)
        for row, k in zip(pixels, index, strict=True):
            row[:] = read_image(
                self.files[k], (channels, height, width), max_pixels=MAX_PIXELS, crop=self.crop
            )
        return pixels.astype(np.float32) / np.float32(255)

    def content(self) -> Iterator[bytes]:
        """Shape of an image, and name and size of each file: reading them all takes minutes."""
        yield f"{self.point}{self.crop};".encode()
        for k in self.index:
            yield f"{self.files[k].name} {self.files[k].stat().st_size};".encode()
