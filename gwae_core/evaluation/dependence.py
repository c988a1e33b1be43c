"""Distance correlation: dependence of any form, from distances alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import SpaceError


def distance_correlation(d_x: NDArray[Any], d_z: NDArray[Any]) -> float:
    """Distance correlation of paired points, from their distances (Székely et al., 2007).

    With A, B the doubly centred distance matrices, R = sqrt(<A, B> / sqrt(<A, A> <B, B>)); it is 0
    in the limit only for independent points and 1 only for a similarity. On few points of many
    dimensions it is biased upwards, so compare it at equal counts.

    Args:
        d_x: Distances, (n, n).
        d_z: Distances of the same points in another space, (n, n).

    Returns:
        R in [0, 1]; 0 where all points of a space are equal.

    Raises:
        SpaceError: The matrices are not square and of one size.
    """
    if d_x.ndim != 2 or d_x.shape != d_z.shape or d_x.shape[0] != d_x.shape[1]:
        raise SpaceError(f"distances must be (n, n) in both spaces, got {d_x.shape}, {d_z.shape}")
    a, b = _centred(d_x), _centred(d_z)
    scale = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float(np.sqrt(max(float((a * b).sum()), 0.0) / scale)) if scale > 0 else 0.0


def _centred(d: NDArray[Any]) -> NDArray[np.float64]:
    wide = d.astype(np.float64)
    rows = wide.mean(axis=0)
    return np.asarray(wide - rows[:, None] - rows[None, :] + rows.mean())
