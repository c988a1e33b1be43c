"""Images laid out in grids, pixel by pixel."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIN_SIDE = 56
"""Pixels that the side of a small image is enlarged to at least, by a whole factor."""
GAP, PAIR_GAP = 4, 14
"""Pixels of white between images, and between rows of pairs."""


@dataclass(frozen=True)
class Range:
    """The values shown as black and as white."""

    low: float
    high: float

    @classmethod
    def of(cls, x: NDArray[Any]) -> Range:
        """[0, 1] for data within it, else from the smallest to the largest value."""
        low, high = float(x.min()), float(x.max())
        if low >= 0 and high <= 1:
            return cls(0.0, 1.0)
        return cls(low, high if high > low else low + 1)


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether a data point (channels, height, width) is shown as an image."""
    return len(shape) == 3 and min(shape[1:]) >= 4


def tiles(images: NDArray[Any], values: Range, *, min_side: int = MIN_SIDE) -> NDArray[np.uint8]:
    """Images (n, channels, h, w) as RGB tiles (n, H, W, 3), enlarged to ``min_side`` pixels.

    One channel is grey, three are colours; of any other number the mean is shown.
    """
    if images.shape[1] not in (1, 3):
        images = images.mean(axis=1, keepdims=True)
    scaled = np.clip((images - values.low) / (values.high - values.low), 0, 1)
    rgb = np.broadcast_to(scaled, (len(images), 3, *images.shape[2:]))
    pixels = np.round(255 * rgb).astype(np.uint8).transpose(0, 2, 3, 1)  # (n, h, w, 3)
    factor = max(1, -(-min_side // min(pixels.shape[1:3])))
    return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


def grid(rgb: NDArray[np.uint8], columns: int, *, row_gap: int = GAP) -> NDArray[np.uint8]:
    """Tiles (n, H, W, 3) in rows of ``columns``, on white: one picture (height, width, 3)."""
    n, height, width, _ = rgb.shape
    rows = -(-n // columns)
    canvas = np.full(
        (rows * (height + row_gap) - row_gap, columns * (width + GAP) - GAP, 3), 255, dtype=np.uint8
    )
    for k, tile in enumerate(rgb):
        top, left = k // columns * (height + row_gap), k % columns * (width + GAP)
        canvas[top : top + height, left : left + width] = tile
    return canvas


def pairs(above: NDArray[np.uint8], below: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each tile of one stack above the tile of another: (n, 2 H + 1, W, 3)."""
    line = np.full_like(above[:, :1], 255)
    return np.concatenate([above, line, below], axis=1)


def png(picture: NDArray[np.uint8]) -> bytes:
    """A picture (height, width, 3) as PNG."""
    from matplotlib.image import imsave

    buffer = io.BytesIO()
    imsave(buffer, picture, format="png")
    return buffer.getvalue()
