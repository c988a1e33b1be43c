"""Latent traversals as a moving picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.report.drawing import INK, MUTED, RULE
from gwae_core.report.pictures import Range, tiles
from gwae_core.report.section import Animation

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFont import FreeTypeFont

COLUMNS, SIDE, GAP, FOOT = 4, 96, 12, 30
"""Tiles in a row, pixels of the longer side of a tile at most, white between tiles, and below each
room for its slider and its name."""
MAX_TILES, MAX_STEPS = 8, 33
"""Most traversals and steps in one animation, which bounds its size."""
FRAME, END = 80, 320
"""Milliseconds of a frame, and of the first and the last."""
NEARLY_WHITE = 248
"""Least value of a colour that is shown as the white around the tiles."""
GREYS, COLOURS = 64, 128
"""What is told apart in a grey and in a coloured animation; half the size of 256."""


def traversal_animation(
    decoded: NDArray[Any], dims: Sequence[int], values: Range, *, width: float
) -> Animation:
    """All traversals (dims, steps, channels, h, w) at once, forth and back.

    Args:
        decoded: Decoded images.
        dims: The latent dimension of each traversal.
        values: What is black and white.
        width: Standard deviations that each dimension goes to both sides of its mean.
    """
    decoded, dims = decoded[:MAX_TILES, :MAX_STEPS], dims[:MAX_TILES]
    count, steps = decoded.shape[:2]
    rgb = tiles(decoded.reshape(-1, *decoded.shape[2:]), values, min_side=1)
    rgb = rgb.reshape(count, steps, *rgb.shape[1:])
    forth = [_frame(rgb[:, step], dims, step / max(steps - 1, 1)) for step in range(steps)]
    frames = [*forth, *forth[-2:0:-1]]
    pauses = [END if k in (0, steps - 1) else FRAME for k in range(len(frames))]
    shown = ", ".join(str(dim) for dim in dims)
    return Animation(
        "traversals",
        _gif(frames, pauses, grey=decoded.shape[2] != 3),
        f"Animation: decoded images while latent dimensions {shown} each move from {width:g} "
        f"standard deviations below the mean to {width:g} above and back",
        f"The dot is the value of the dimension, from {width:g} standard deviations below its mean "
        f"to {width:g} above.",
    )


def _frame(rgb: NDArray[np.uint8], dims: Sequence[int], place: float) -> Image.Image:
    """Tiles (n, h, w, 3), enlarged by a whole factor or shrunk, above sliders at ``place``."""
    from PIL import Image, ImageDraw

    n, longer = len(rgb), max(rgb.shape[1:3])
    scale = SIDE // longer if longer <= SIDE else SIDE / longer
    height, width = (max(1, round(scale * side)) for side in rgb.shape[1:3])
    cell = max(width, SIDE)
    rows = -(-n // COLUMNS)
    size = (min(COLUMNS, n) * (cell + GAP) + GAP, rows * (height + FOOT + GAP) + GAP)
    frame = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(frame)
    how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    for k, (tile, dim) in enumerate(zip(rgb, dims, strict=True)):
        left = GAP + k % COLUMNS * (cell + GAP)
        top = GAP + k // COLUMNS * (height + FOOT + GAP)
        image = Image.fromarray(tile).resize((width, height), how)
        frame.paste(image, (left + (cell - width) // 2, top))
        line = top + height + 9
        dot = left + 5 + place * (cell - 10)
        draw.line((left + 5, line, left + cell - 5, line), fill=RULE, width=3)
        draw.ellipse((dot - 4, line - 4, dot + 4, line + 4), fill=INK)
        middle = left + cell / 2
        draw.text((middle, line + 7), f"dimension {dim}", MUTED, _font(), anchor="ma")
    return frame


@cache
def _font() -> FreeTypeFont:
    import matplotlib
    from PIL import ImageFont

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(path), 11)


def _gif(frames: Sequence[Image.Image], pauses: Sequence[int], *, grey: bool) -> bytes:
    from PIL import Image

    if grey:
        levels = [round(value * (GREYS - 1) / 255) * 255 // (GREYS - 1) for value in range(256)]
        shown = [frame.convert("L").point(levels) for frame in frames]
    else:  # one palette, from a sheet of frames over the whole way
        sheet = np.concatenate([np.asarray(frame) for frame in frames[:: max(1, len(frames) // 6)]])
        palette = Image.fromarray(sheet).quantize(COLOURS)
        colours = np.array(palette.getpalette(), np.uint8).reshape(-1, 3)
        colours[colours.min(axis=1) >= NEARLY_WHITE] = 255
        palette.putpalette(colours.ravel().tolist())
        shown = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    shown[0].save(
        buffer, "GIF", save_all=True, append_images=shown[1:], duration=list(pauses), loop=0
    )
    return buffer.getvalue()
