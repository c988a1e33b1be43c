"""Memory that a process keeps from one step to the next."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of ``mallopt``, from malloc.h."""
LARGE = 2**30
"""Blocks of this many bytes are a mapping of their own, which is given back when it is freed."""
LARGEST_BEFORE_2_35 = 2**25
"""Largest such size that older versions of glibc take; the default grows up to it."""
SET_BY_USER = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")
"""Variables by which glibc is told what to keep; whoever sets one of them has decided."""


@contextmanager
def memory_kept() -> Iterator[None]:
    """Let glibc keep freed memory as long as the block runs.

    By default it gives large blocks back to the system, which clears and maps them anew, page by
    page, in the next step: up to a sixth of the time of a convolutional model. After the block,
    memory that nothing uses goes back. Without glibc nothing changes, nor where the user has set it
    up himself by a variable of `SET_BY_USER`.
    """
    library = _glibc()
    if library is None or any(name in os.environ for name in SET_BY_USER):
        yield
        return
    if not library.mallopt(M_MMAP_THRESHOLD, LARGE):
        library.mallopt(M_MMAP_THRESHOLD, LARGEST_BEFORE_2_35)
    library.mallopt(M_TRIM_THRESHOLD, -1)
    try:
        yield
    finally:
        # what glibc itself arrives at in a process that has freed large blocks
        library.mallopt(M_MMAP_THRESHOLD, LARGEST_BEFORE_2_35)
        library.mallopt(M_TRIM_THRESHOLD, 2 * LARGEST_BEFORE_2_35)
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, where it is glibc."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "gnu_get_libc_version") else None
