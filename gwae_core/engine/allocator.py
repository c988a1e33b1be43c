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


@contextmanager
def memory_kept() -> Iterator[None]:
    """Let glibc keep freed memory as long as the block runs.

    By default it gives large blocks back to the system, which clears and maps them anew, page by
    page, in the next step: up to a sixth of the time of a convolutional model. After the block,
    memory that nothing uses goes back. Without glibc nothing changes, nor where the user has set it
    up himself by ``MALLOC_TRIM_THRESHOLD_``, ``MALLOC_MMAP_THRESHOLD_`` or ``GLIBC_TUNABLES``.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    own = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")
    if not hasattr(library, "gnu_get_libc_version") or any(name in os.environ for name in own):
        yield
        return
    assert library is not None
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
