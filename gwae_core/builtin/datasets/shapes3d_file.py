"""The published 3D Shapes file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.row_source import RowSource

SIDE = 64
BLOCK = 1024
"""Pictures that are read at once where all are."""
EXPECTED = "this is not the published file; the data set `arrays` reads arrays of your own"


@dataclass(frozen=True, eq=False)
class HDF5Rows(RowSource):
    """Colour pictures (n, 3, size, size) that stay in an HDF5 file.

    Attributes:
        index: Rows of the file, (n,), in the order of the data.
        point: (3, size, size).
        origin: Path of the file.
        images: The file's array (m, 64, 64, 3) of 8-bit integers.
        lock: Held while rows are read, for HDF5 takes one reader at a time.
    """

    images: Any
    lock: Any

    @property
    def is_finite(self) -> bool:
        """Whole numbers are."""
        return True

    def read(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows of the file: (m, 3, size, size) in [0, 1]."""
        # HDF5 takes rows in ascending order, each once.
        ordered, back = np.unique(index, return_inverse=True)
        try:
            with self.lock:
                found = self.images[ordered] if len(ordered) else np.empty((0, SIDE, SIDE, 3))
        except OSError as error:
            raise DataError(
                f"{self.origin} cannot be read: {error}", hint="download it again"
            ) from error
        size = self.point[1]
        k = SIDE // size
        x = found.astype(np.float32).reshape(-1, size, k, size, k, 3).mean((2, 4))
        x /= np.float32(255)
        return np.ascontiguousarray(np.moveaxis(x, 3, 1)[back])

    def content(self) -> Iterator[bytes]:
        """Shape and values of the file."""
        yield f"{self.images.shape}{self.shape};".encode()
        for start in range(0, len(self.images), BLOCK):
            with self.lock:
                block = self.images[start : start + BLOCK]
            yield block.tobytes()


def read_shapes(path: Path, size: int) -> tuple[HDF5Rows, NDArray[np.float64]]:
    """Open the file, whose pictures stay there.

    Args:
        path: An HDF5 file with ``images`` (n, 64, 64, 3) and ``labels`` (n, 6).
        size: Side of the pictures that are wanted.

    Returns:
        The pictures, and the values of the six factors, (n, 6).

    Raises:
        DataError: h5py is not installed, or the file is damaged or another one.
    """
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            f"3D Shapes is an HDF5 file, and h5py cannot be imported: {error}",
            hint='pip install "gwae-core[hdf5]", or `source: rendered`',
        ) from error
    try:
        file = h5py.File(path, "r")
        missing = [name for name in ("images", "labels") if name not in file]
        if missing:
            raise DataError(
                f"{path} has no {' and no '.join(missing)}; it has {', '.join(file) or 'nothing'}",
                hint=EXPECTED,
            )
        images, labels = file["images"], np.asarray(file["labels"], dtype=np.float64)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as an HDF5 file: {error}", hint="download it again"
        ) from error
    if images.shape[1:] != (SIDE, SIDE, 3) or images.dtype != np.uint8:
        raise DataError(
            f"images of {path} are {images.dtype} {images.shape}; expected 8-bit integers "
            f"(n, {SIDE}, {SIDE}, 3)",
            hint=EXPECTED,
        )
    if labels.shape != (len(images), 6):
        raise DataError(
            f"labels of {path} have shape {labels.shape}; expected ({len(images)}, 6)",
            hint=EXPECTED,
        )
    rows = HDF5Rows(np.arange(len(images)), (3, size, size), str(path), images, Lock())
    return rows, labels
