"""Distortion of small distances against that of large ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import SpaceError
from gwae_core.evaluation.geometry import least_squares_slope


@dataclass(frozen=True)
class DistortionRange:
    """mean |C d_z - d_x| / mean d_x over some of the pairs, C the slope over all of them.

    Attributes:
        local: Over the pairs that are nearest in the data.
        far: Over the pairs that are farthest.
    """

    local: float
    far: float


def distortion_range(
    d_x: NDArray[Any], d_z: NDArray[Any], *, share: float = 0.1
) -> DistortionRange:
    """Relative distortion of the shortest and of the longest distances d_x.

    Source: the relative distortion of `compare_distances`, restricted to a share of the pairs.

    Args:
        d_x: Distances, (m,); pairs of equal points are left out.
        d_z: Distances of the same pairs, (m,).
        share: Share of pairs that count as near, and as far; in (0, 1].

    Raises:
        SpaceError: No two points differ.
    """
    differ = d_x > 0
    if not differ.any():
        raise SpaceError("distances can be compared only between points that differ")
    slope = least_squares_slope(d_x, d_z)
    true = d_x[differ].astype(np.float64)
    error = np.abs(slope * d_z[differ] - true)
    low, high = np.quantile(true, [share, 1 - share])

    def relative(pairs: NDArray[np.bool_]) -> float:
        return float(error[pairs].mean() / true[pairs].mean())

    return DistortionRange(relative(true <= low), relative(true >= high))
