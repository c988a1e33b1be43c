"""Deterministic mode, for as long as a run lasts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gwae_core.errors import TrainingError


@contextmanager
def deterministic(enabled: bool) -> Iterator[None]:
    """Let torch refuse operations without a deterministic implementation inside of the block.

    Raises:
        TrainingError: One of them was used; the message of torch names it.
    """
    if not enabled:
        yield
        return
    refused = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    # cuBLAS reads it when it is first used, and is not deterministic without it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        raise TrainingError(
            f"training.deterministic: {error}",
            hint="set training.deterministic to false, or take a component that does without the "
            "operation",
        ) from error
    finally:
        torch.use_deterministic_algorithms(refused, warn_only=warned)
        torch.backends.cudnn.benchmark = benchmark
