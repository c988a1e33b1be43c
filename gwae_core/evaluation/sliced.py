"""Sliced Wasserstein distance of two samples of codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError


def sliced_distance(
    a: NDArray[Any], b: NDArray[Any], *, projections: int = 200, seed: int = 0
) -> float:
    """Sliced 2-Wasserstein distance of two samples of one size (Bonneel et al., 2015).

    SW = (mean_theta mean_i (a_theta(i) - b_theta(i))^2)^1/2 with the sorted projections on random
    directions theta; in units of the codes. A shift by delta costs about |delta| / sqrt(d), and two
    samples of one distribution are not at zero, but closer the more points there are.

    Args:
        a: Codes, (n, d).
        b: Codes, (n, d).
        projections: Directions; for d = 1 there is one.
        seed: Seed of the directions.

    Raises:
        DataError: The samples differ in size or dimension, or are empty.
    """
    if a.ndim != 2 or a.shape != b.shape or a.size == 0:
        raise DataError(f"samples of codes must be (n, d) of one size; got {a.shape}, {b.shape}")
    theta = np.random.default_rng(seed).normal(size=(a.shape[1], projections))
    theta /= np.linalg.norm(theta, axis=0)
    of_a, of_b = (np.sort(points.astype(np.float64) @ theta, axis=0) for points in (a, b))
    return float(np.sqrt(np.square(of_a - of_b).mean()))
