"""The global random states of torch, numpy and Python: seeded for a run, saved and restored.

Noise of our own comes from explicit generators; these are for layers and libraries that know no
other, such as dropout.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from gwae_core.engine.training_state import TrainingState


def save_random_state() -> TrainingState:
    """The global states."""
    name, keys, position, has_gauss, gauss = np.random.get_state()
    version, internal, gauss_next = random.getstate()
    tensors = {
        "torch": torch.get_rng_state(),
        "numpy": torch.from_numpy(np.asarray(keys).astype(np.int64)),
        "python": torch.tensor(internal, dtype=torch.int64),
    }
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        for device, state in enumerate(torch.cuda.get_rng_state_all()):
            tensors[f"cuda{device}"] = state
    values = {
        "numpy": [str(name), int(position), int(has_gauss), float(gauss)],
        "python": [version, gauss_next],
    }
    return TrainingState(tensors, values)


def restore_random_state(state: TrainingState) -> None:
    """Set the global states."""
    tensors, values = state.tensors, state.values
    torch.set_rng_state(tensors["torch"])
    name, position, has_gauss, gauss = values["numpy"]
    keys = tensors["numpy"].numpy().astype(np.uint32)
    np.random.set_state((name, keys, position, has_gauss, gauss))
    version, gauss_next = values["python"]
    random.setstate((version, tuple(tensors["python"].tolist()), gauss_next))
    device = 0
    while f"cuda{device}" in tensors and device < torch.cuda.device_count():
        torch.cuda.set_rng_state(tensors[f"cuda{device}"], device)
        device += 1


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global states inside of the block; the caller's come back after it."""
    before = save_random_state()
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)
    try:
        yield
    finally:
        restore_random_state(before)
