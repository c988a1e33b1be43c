"""What a metric is given, and what it may give back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.interfaces.objective import Objective


@dataclass(frozen=True)
class Evaluated:
    """A split and what the model makes of it.

    Attributes:
        x: Data, (n, *shape).
        z: Codes (posterior means), (n, d).
        x_hat: Reconstructions from those codes, (n, *shape).
        y: Labels, (n,), or None.
        factors: Ground-truth factors, (n, n_factors), or None.
    """

    x: NDArray[Any]
    z: NDArray[Any]
    x_hat: NDArray[Any]
    y: NDArray[Any] | None = None
    factors: NDArray[Any] | None = None


@dataclass(frozen=True)
class MetricInput:
    """What a metric is computed from.

    Attributes:
        model: The trained model.
        train: The training split, for what has to be fitted.
        test: The held-out split, on which the number is reported.
        d_x: Distances of the test split in the data metric of the objective, (n, n), or None.
        d_x_name: Name of that metric.
        seed: Seed of everything random in the metric.
        true_distances: Function of factors (m, n_factors) to true distances (m, m), or None.
    """

    model: Objective
    train: Evaluated
    test: Evaluated
    d_x: NDArray[np.float32] | None = None
    d_x_name: str = "euclidean"
    seed: int = 0
    true_distances: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None


@dataclass(frozen=True)
class Interval:
    """A value with a confidence interval.

    Attributes:
        value: The value itself, on the whole sample.
        low: Lower end.
        high: Upper end.
        level: Confidence, such as 0.95.
    """

    value: float
    low: float
    high: float
    level: float = 0.95


Measured = float | Interval | NDArray[Any]
"""A number, a number with its confidence interval, or an array for the figures of the report."""
