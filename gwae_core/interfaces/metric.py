"""The metric: what a trained model is judged by, on held-out data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from gwae_core.components import Component
from gwae_core.interfaces.objective import Objective

Better = Literal["higher", "lower"]


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
    """

    model: Objective
    train: Evaluated
    test: Evaluated
    d_x: NDArray[np.float32] | None = None
    d_x_name: str = "euclidean"
    seed: int = 0


class Metric(Component, ABC):
    """Numbers about a trained model; every name says its variant."""

    kind: ClassVar[str] = "metric"
    better: ClassVar[Mapping[str, Better]] = {}
    """Which direction is better, by the last part of a value's name; none where there is none."""

    class Config(Component.Config):
        """Parameters of a metric."""

    config: Config

    def applies(self, data: MetricInput) -> bool:
        """Whether the metric can be computed here (labels are there, ...); yes by default."""
        return True

    @abstractmethod
    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Values by name, such as ``{"accuracy": 0.9}``; deterministic given the seed."""
