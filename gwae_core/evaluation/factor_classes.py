"""Factors as classes and codes as bins, for scores that count."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 20
"""Bins of a code, and of a factor that is continuous."""


def is_continuous(values: NDArray[Any]) -> bool:
    """Whether values (n,) hardly repeat: more than 20 distinct ones, and more than n / 2.

    The values of a grid repeat whatever their number, measured ones do not.
    """
    return len(np.unique(values)) > max(BINS, len(values) / 2)


def bins(values: NDArray[Any], *, reference: NDArray[Any] | None = None) -> NDArray[np.int64]:
    """Number of the bin, 1 to 20, that each value (n,) lies in.

    The bins are of equal width from the smallest to the largest value (Locatello et al., 2019).

    Args:
        values: What is binned, (n,).
        reference: What the bins are made of, (m,); values outside count to the bin at that end.
            None means the values themselves.
    """
    edges = np.histogram(values if reference is None else reference, BINS)[1][:-1]
    return np.asarray(np.maximum(np.digitize(values, edges), 1), dtype=np.int64)


def binned_codes(z: NDArray[Any]) -> NDArray[np.int64]:
    """Every code in 20 bins of its own, (n, L) -> (n, L); a constant code is in one."""
    return np.stack([bins(code) for code in z.T], axis=1)


def factor_classes(y: NDArray[Any], *, reference: NDArray[Any] | None = None) -> NDArray[np.int64]:
    """Classes of factors (n, K) -> (n, K): their values numbered, continuous ones in 20 bins.

    Args:
        y: Factors, (n, K).
        reference: Points whose values make the classes, (m, K), None for y itself. A value of y
            that it lacks is a class of its own.
    """
    reference = y if reference is None else reference
    return np.stack([_classes(a, b) for a, b in zip(y.T, reference.T, strict=True)], axis=1)


def _classes(values: NDArray[Any], reference: NDArray[Any]) -> NDArray[np.int64]:
    if is_continuous(reference):
        return bins(values, reference=reference)
    known = np.unique(reference)
    found = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where(known[found] == values, found, len(known)).astype(np.int64)
