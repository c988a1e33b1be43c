"""Checksums of files that a user brings."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field

from gwae_core.errors import DataError

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
"""Algorithm by its number of hexadecimal digits."""

Checksum = Annotated[str, Field(pattern=r"^([0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$")]
"""MD5 (32 hexadecimal digits), SHA-1 (40) or SHA-256 (64)."""


def check_file(path: Path, expected: str | None) -> None:
    """Compare the checksum of a file, read in pieces; None compares nothing.

    Raises:
        DataError: It is another one.
    """
    if expected is None:
        return
    algorithm = ALGORITHMS[len(expected)]
    with path.open("rb") as file:
        # a faulty download is found here, not an attack
        digest = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False))
    if digest.hexdigest() != expected.lower():
        raise DataError(
            f"{path} has the {algorithm.upper()} checksum {digest.hexdigest()}; expected "
            f"{expected.lower()}",
            hint="download it again, or correct data.checksum",
        )
