"""The IDX file format of MNIST: a magic number, sizes, then values."""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError

UNSIGNED_BYTE = 0x08
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path, *, ndim: int, sha256: str | None = None) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, compressed by gzip or not.

    Args:
        path: The file.
        ndim: Number of dimensions that are expected: 3 for images, 1 for labels.
        sha256: Checksum of the file as it lies on disk, in hexadecimal digits, or None.

    Returns:
        The values, of the shape that the file declares.

    Raises:
        DataError: No such file, another checksum, another format, or a file that is too short or
            too long for the shape it declares.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}",
            hint="MNIST-format files: Fashion-MNIST is the Debian and Ubuntu package "
            "dataset-fashion-mnist (/usr/share/datasets/fashion-mnist) and at "
            "github.com/zalandoresearch/fashion-mnist; MNIST is at "
            "yann.lecun.com/exdb/mnist, and 5,000 of it are the data set mnist5k",
        ) from error
    if sha256 is not None:
        _check_sum(path, raw, sha256)
    return _parse(path, unpacked(path, raw), ndim)


def unpacked(path: Path, raw: bytes) -> bytes:
    """The bytes of a file, without the compression by gzip where there is one.

    Raises:
        DataError: It is damaged.
    """
    if raw[:2] != GZIP_MAGIC:
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path} is a damaged gzip file: {error}", hint="download it again"
        ) from error


def _check_sum(path: Path, raw: bytes, sha256: str) -> None:
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256.lower():
        raise DataError(
            f"{path} has the SHA-256 checksum {found}; expected {sha256.lower()}",
            hint="download it again, or correct data.sha256",
        )


def _parse(path: Path, raw: bytes, ndim: int) -> NDArray[np.uint8]:
    header = 4 + 4 * ndim
    if len(raw) < 4 or raw[:2] != b"\0\0":
        raise DataError(
            f"{path} is not an IDX file: it begins with {raw[:4].hex() or 'nothing'}, "
            f"expected the magic number 0000{UNSIGNED_BYTE:02x}{ndim:02x}",
            hint="IDX is the format of the MNIST files; other arrays are read by `data: arrays`",
        )
    if raw[2] != UNSIGNED_BYTE or raw[3] != ndim:
        raise DataError(
            f"{path} holds {raw[3]}-dimensional values of IDX type 0x{raw[2]:02x}; expected "
            f"{ndim}-dimensional unsigned bytes (0x{UNSIGNED_BYTE:02x})",
            hint="images are 3-dimensional, labels 1-dimensional; are the two files swapped?",
        )
    if len(raw) < header:
        raise DataError(f"{path} is truncated within its header", hint="download it again")
    shape = tuple(int(size) for size in np.frombuffer(raw[4:header], dtype=">u4"))
    count = math.prod(shape)
    if len(raw) - header != count:
        raise DataError(
            f"{path} is truncated or has extra bytes: its header declares {shape}, {count} bytes, "
            f"and {len(raw) - header} follow",
            hint="download it again",
        )
    return np.frombuffer(raw, dtype=np.uint8, offset=header).reshape(shape)
