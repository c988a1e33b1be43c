"""The published dSprites file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from gwae_core.builtin.datasets.sprites import SIDE, pooled
from gwae_core.errors import DataError
from gwae_core.row_source import RowSource

PICTURES, CLASSES = "imgs.npy", "latents_classes.npy"
BLOCK = 4096
"""Pictures that are unpacked at once."""
EXPECTED = "this is not the published file; the data set `arrays` reads arrays of your own"


@dataclass(frozen=True, eq=False)
class PackedRows(RowSource):
    """Black-and-white pictures (n, 1, size, size), kept at one bit a pixel.

    Attributes:
        index: Rows of ``bits``, (n,), in the order of the data.
        point: (1, size, size).
        origin: Path of the file.
        bits: Pixels of 64x64 pictures, eight in a byte, (m, 512).
    """

    bits: NDArray[np.uint8]

    @property
    def is_finite(self) -> bool:
        """Bits are."""
        return True

    def read(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Unpack rows: (m, 1, size, size), averaged over blocks where they are smaller."""
        pixels = np.unpackbits(self.bits[index], axis=1).reshape(-1, SIDE, SIDE)
        return pooled(pixels, self.point[1])[:, None]

    def content(self) -> Iterator[bytes]:
        """Shape and bits of all rows."""
        yield f"{self.bits.shape}{self.shape};".encode()
        for start in range(0, len(self.bits), BLOCK):
            yield self.bits[start : start + BLOCK].tobytes()


def read_sprites(path: Path, size: int) -> tuple[PackedRows, NDArray[np.int64]]:
    """Read the file at one bit a pixel, 3 GB of pictures at no more than a few MB at a time.

    Args:
        path: An npz file with ``imgs`` (n, 64, 64) of 0 and 1 and ``latents_classes`` (n, 6).
        size: Side of the pictures that are wanted.

    Returns:
        The pictures, and the classes of the six factors, colour first, (n, 6).

    Raises:
        DataError: The file is damaged or another one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            missing = [name for name in (PICTURES, CLASSES) if name not in names]
            if missing:
                raise DataError(
                    f"{path} has no {' and no '.join(missing)}; it has {', '.join(names)}",
                    hint=EXPECTED,
                )
            with archive.open(PICTURES) as file:
                bits = _packed(path, file)
            with archive.open(CLASSES) as file:
                classes = np.lib.format.read_array(file, allow_pickle=False)
    except DataError:
        raise
    # damaged bytes fail in zipfile, zlib, tokenize and numpy with a dozen kinds of exceptions
    except Exception as error:
        raise DataError(
            f"{path} cannot be read as an npz file: {error}", hint="download it again"
        ) from error
    if classes.shape != (len(bits), 6) or classes.dtype.kind not in "iu":
        raise DataError(
            f"latents_classes of {path} are {classes.dtype} {classes.shape}; expected integers "
            f"({len(bits)}, 6)",
            hint=EXPECTED,
        )
    rows = PackedRows(np.arange(len(bits)), (1, size, size), str(path), bits)
    return rows, classes.astype(np.int64)


def _packed(path: Path, file: IO[bytes]) -> NDArray[np.uint8]:
    """Pictures of an npy stream at one bit a pixel: (n, 512)."""
    version = np.lib.format.read_magic(file)
    reader = {(1, 0): np.lib.format.read_array_header_1_0}.get(
        version, np.lib.format.read_array_header_2_0
    )
    shape, by_column, dtype = reader(file)
    if shape[1:] != (SIDE, SIDE) or by_column or dtype not in (np.uint8, np.bool_):
        raise DataError(
            f"imgs of {path} are {dtype} {shape}; expected 8-bit integers (n, {SIDE}, {SIDE})",
            hint=EXPECTED,
        )
    bits = np.empty((shape[0], SIDE * SIDE // 8), dtype=np.uint8)
    for start in range(0, len(bits), BLOCK):
        block = bits[start : start + BLOCK]
        raw = file.read(len(block) * SIDE * SIDE)
        pixels = np.frombuffer(raw, dtype=np.uint8).reshape(len(block), SIDE * SIDE)
        if pixels.max() > 1:
            raise DataError(
                f"imgs of {path} reach {pixels.max()}; expected 0 and 1, black and white",
                hint=EXPECTED,
            )
        block[:] = np.packbits(pixels, axis=1)
    return bits
