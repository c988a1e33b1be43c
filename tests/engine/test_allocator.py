"""Memory that stays between steps: measured by page faults, in processes of their own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from gwae_core.engine.allocator import memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        # together beyond what glibc keeps by itself, and each beyond its largest own threshold
        kept = [torch.ones(12 * 2**20) for _ in range(4)]
        del kept
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * resource.getpagesize() // 2**20

faults()
print(faults())
before = resident()
with memory_kept():
    faults()
    print(faults())
print(resident() - before)
"""


def measured(**variables: str) -> list[int]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC", "GLIBC"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(line) for line in done.stdout.split()]


GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator of glibc")


@GLIBC
def test_freed_memory_stays_within_the_block_and_goes_back_after_it() -> None:
    by_default, kept, grown = measured()
    assert kept <= 0.05 * by_default
    assert grown < 50  # MiB, of the 192 that were kept


@GLIBC
def test_what_the_user_has_set_stays() -> None:
    by_default, within, *_ = measured(MALLOC_MMAP_THRESHOLD_="65536")
    assert within >= 0.5 * by_default
