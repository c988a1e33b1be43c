"""Seeded choices of rows, so that a large split costs no more than a small one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def random_subset(n: int, limit: int, *, seed: int) -> NDArray[np.int64]:
    """Rows of a split, drawn without replacement and sorted: (min(n, limit),)."""
    if n <= limit:
        return np.arange(n, dtype=np.int64)
    chosen = np.random.default_rng(seed).choice(n, size=limit, replace=False)
    return np.sort(chosen).astype(np.int64)


def balanced_subset(y: NDArray[Any] | None, n: int, limit: int, *, seed: int) -> NDArray[np.int64]:
    """Rows with every label in turn, so that no label is missing before another comes twice.

    Args:
        y: Labels, (n,), or None for rows without regard to labels.
        n: Number of rows.
        limit: Most rows to choose.
        seed: Seed of the draw within each label.

    Returns:
        Rows, (min(n, limit),), ordered by label where there are labels.
    """
    order = np.random.default_rng(seed).permutation(n)
    if y is None:
        return order[:limit].astype(np.int64)
    labels = y[order]
    turn = np.empty(n, dtype=np.int64)  # how many rows of the same label come before
    for label in np.unique(labels):
        of_label = np.flatnonzero(labels == label)
        turn[of_label] = np.arange(len(of_label))
    chosen = order[np.lexsort((labels, turn))[:limit]]
    return chosen[np.argsort(y[chosen], kind="stable")].astype(np.int64)
