"""One image file as an array of a given size."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF")
"""What is decoded, whatever the ending says: other formats may start other programs."""
DEEP = ("I", "F")
"""First letter of Pillow's modes of more than 8 bits a channel."""


def read_image(
    path: Path, shape: tuple[int, int, int], *, max_pixels: int, crop: int | None = None
) -> NDArray[np.uint8]:
    """Read an image, turned upright, scaled and cropped at the centre; of a film, the first frame.

    Args:
        path: The file.
        shape: Channels (1 or 3), height and width.
        max_pixels: Most pixels that the file may have.
        crop: Side of the square about the centre that is taken before scaling, at most the
            shorter side; None takes all.

    Returns:
        Values from 0 to 255, of that shape.

    Raises:
        DataError: The file is damaged, too large, or of another format.
    """
    from PIL import Image, ImageOps

    channels, height, width = shape
    try:
        with warnings.catch_warnings():
            # The number of pixels is checked here, against a limit of our own.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(path, formats=FORMATS)
        with opened:
            if opened.width * opened.height > max_pixels:
                raise DataError(
                    f"{path} has {opened.width} x {opened.height} pixels; allowed: {max_pixels:,}",
                    hint="make it smaller, or raise data.max_pixels if you trust it",
                )
            if opened.mode[0] in DEEP:
                raise DataError(
                    f"{path} has more than 8 bits a channel (mode {opened.mode})",
                    hint="convert it to 8 bits, or read numbers with `data: arrays`",
                )
            upright = ImageOps.exif_transpose(opened)
            mode = "RGB" if channels == 3 else "L"
            if upright.has_transparency_data:
                black = Image.new("RGBA", upright.size, "black")
                upright = Image.alpha_composite(black, upright.convert("RGBA"))
            if crop is not None:
                side = min(crop, upright.width, upright.height)
                left, top = (upright.width - side) // 2, (upright.height - side) // 2
                upright = upright.crop((left, top, left + side, top + side))
            fitted = ImageOps.fit(upright.convert(mode), (width, height), Image.Resampling.LANCZOS)
    except DataError:
        raise
    # Pillow's decoders fail in many ways on damaged files.
    except Exception as error:
        raise DataError(
            f"{path} cannot be read as an image: {type(error).__name__}: {error}",
            hint="remove it or save it again",
        ) from error
    pixels = np.asarray(fitted, dtype=np.uint8).reshape(height, width, channels)
    return np.moveaxis(pixels, 2, 0)  # (channels, height, width)
