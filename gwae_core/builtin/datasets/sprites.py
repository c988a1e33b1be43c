"""Black-and-white sprites: a square, an ellipse and a heart of any size, angle and place."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gwae_core.errors import DataError

SHAPES = ("square", "ellipse", "heart")
SIDE = 64
"""Pixels of a side of the picture."""
WINDOW = 32
"""Pixels of a side of the part of the picture that is drawn: no sprite reaches beyond it."""
FIRST, TRAVEL = 16.5, 31.0
"""Where a sprite's centre lies at position 0, and how far it is moved at 1, in pixels."""
AREA = 300.0
"""Area of each shape at scale 1, in pixels: brightness does not tell one shape from another."""
BLOCK = 64
"""Sprites that are drawn at once, so that intermediate values stay in the processor's cache."""
HEART_COLUMNS = 4096
"""Columns of the table of the heart, whose half is 16 of its units wide."""


def render_sprites(
    shape: ArrayLike,
    *,
    scale: ArrayLike,
    orientation: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    size: int = SIDE,
) -> NDArray[np.float32]:
    """Draw sprites on black; a pixel is white where its centre lies in the shape.

    Each shape turns about its centroid. The square's half side is h = sqrt(AREA) / 2, the ellipse's
    axes are as 2 to 1, the heart is the curve (16 sin^3 t, 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t)
    (Matthey et al., 2017).

    Args:
        shape: 0 square, 1 ellipse, 2 heart, (n,).
        scale: Length relative to the largest sprite, in (0, 1], (n,) or one number.
        orientation: Angle, counter-clockwise as seen, in radians, (n,) or one number.
        x: Place of the centre from left to right, in [0, 1], (n,) or one number.
        y: Place of the centre from top to bottom, in [0, 1], (n,) or one number.
        size: Side of the picture: 64, or a divisor of it, to which blocks of pixels are averaged.

    Returns:
        Pictures in [0, 1], (n, 1, size, size).

    Raises:
        DataError: A value outside its range.
    """
    shapes = np.atleast_1d(np.asarray(shape, dtype=np.int64))
    values = [
        np.broadcast_to(np.asarray(v, dtype=np.float64), shapes.shape)
        for v in (scale, orientation, x, y)
    ]
    _check(shapes, *values, size=size)
    pictures = np.empty((len(shapes), 1, size, size), dtype=np.float32)
    for start in range(0, len(shapes), BLOCK):
        part = slice(start, start + BLOCK)
        drawn = _draw(shapes[part], *(v[part] for v in values))  # (m, 64, 64) of 0 and 1
        pictures[part, 0] = pooled(drawn, size)
    return pictures


def _check(
    shape: NDArray[np.int64],
    scale: NDArray[np.float64],
    orientation: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    size: int,
) -> None:
    if size < 1 or SIDE % size:
        raise DataError(f"sprites are {SIDE} pixels wide or a divisor of it; got {size}")
    if not np.isin(shape, range(len(SHAPES))).all():
        raise DataError(f"shapes are 0, 1, 2 for {', '.join(SHAPES)}; got {np.unique(shape)}")
    if not ((scale > 0) & (scale <= 1)).all():
        raise DataError(f"scales lie in (0, 1]; got [{scale.min():g}, {scale.max():g}]")
    if not np.isfinite(orientation).all():
        raise DataError("orientations are finite angles in radians; got NaN or infinity")
    for name, place in (("x", x), ("y", y)):
        if not ((place >= 0) & (place <= 1)).all():
            raise DataError(f"{name} lies in [0, 1]; got [{place.min():g}, {place.max():g}]")


def _draw(
    shape: NDArray[np.int64],
    scale: NDArray[np.float64],
    orientation: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """Sprites at full size, (n, 64, 64): a window about each centre is drawn and laid on black."""
    column, row = FIRST + TRAVEL * x, FIRST + TRAVEL * y
    left, top = np.floor(column).astype(np.int64), np.floor(row).astype(np.int64)
    steps = np.arange(WINDOW) + 0.5 - WINDOW / 2
    # pixel centres relative to the sprite's; rows run downward, angles counter-clockwise
    u, v = steps - (column - left)[:, None], (row - top)[:, None] - steps  # (n, 32)
    cos, sin = (np.cos(orientation) / scale)[:, None], (np.sin(orientation) / scale)[:, None]
    a = _outer(sin * v, cos * u)  # (n, 32, 32), in the frame of the sprite
    b = _outer(cos * v, -sin * u)
    windows = np.empty(a.shape, dtype=bool)
    for number, inside in enumerate((_in_square, _in_ellipse, _in_heart)):
        drawn = shape == number
        if drawn.all():
            windows = inside(a, b)
        elif drawn.any():
            windows[drawn] = inside(a[drawn], b[drawn])
    pictures = np.zeros((len(shape), SIDE, SIDE), dtype=np.uint8)
    half = WINDOW // 2
    for picture, window, i, j in zip(pictures, windows, top - half, left - half, strict=True):
        picture[i : i + WINDOW, j : j + WINDOW] = window
    return pictures


def _outer(rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float32]:
    return rows.astype(np.float32)[:, :, None] + columns.astype(np.float32)[:, None, :]


def _in_square(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = np.maximum(np.abs(a), np.abs(b)) <= np.float32(math.sqrt(AREA) / 2)
    return inside


def _in_ellipse(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.bool_]:
    # (a / 2r)^2 + (b / r)^2 <= 1, of area 2 pi r^2
    inside: NDArray[np.bool_] = a * a + 4 * b * b <= np.float32(2 * AREA / math.pi)
    return inside


def _in_heart(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.bool_]:
    low, high = _heart()
    unit = math.sqrt(AREA / (180 * math.pi))  # the curve encloses 180 pi
    column = np.minimum(np.abs(a) * np.float32(HEART_COLUMNS / 16 / unit), HEART_COLUMNS)
    column = column.astype(np.int16)
    inside: NDArray[np.bool_] = (b >= low[column]) & (b <= high[column])
    return inside


@lru_cache(maxsize=1)
def _heart() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lower and upper edge of the heart over each column, from its centroid, in pixels.

    At distance d from the axis the curve has sin^3 t = d / 16, at t and at pi - t.
    """
    middle = (np.arange(HEART_COLUMNS) + 0.5) * (16 / HEART_COLUMNS)
    t = np.arcsin(np.cbrt(middle / 16))
    high, low = _heart_height(t), _heart_height(math.pi - t)
    centroid = float(((high**2 - low**2) / 2).sum() / (high - low).sum())
    unit = math.sqrt(AREA / (180 * math.pi))
    # beyond the last column is nothing
    return (
        np.append((low - centroid) * unit, np.inf).astype(np.float32),
        np.append((high - centroid) * unit, -np.inf).astype(np.float32),
    )


def _heart_height(t: NDArray[np.float64]) -> NDArray[np.float64]:
    height: NDArray[np.float64] = (
        13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    )
    return height


def pooled(pictures: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Averages over blocks of pixels of pictures (n, 64, 64): (n, size, size)."""
    if size == SIDE:
        return pictures.astype(np.float32)
    k = SIDE // size
    rows = sum(pictures[:, i::k] for i in range(k))
    total = sum(np.asarray(rows)[:, :, j::k].astype(np.float32) for j in range(k))
    return np.asarray(total / np.float32(k * k), dtype=np.float32)
