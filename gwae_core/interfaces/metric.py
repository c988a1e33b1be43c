"""The metric: what a trained model is judged by, on held-out data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

from gwae_core.components import Component
from gwae_core.interfaces.evaluated import Measured, MetricInput

Better = Literal["higher", "lower"]


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
    def compute(self, data: MetricInput) -> Mapping[str, Measured]:
        """Values by name, such as ``{"accuracy": 0.9}``; deterministic given the seed.

        An `Interval` is a number whose bounds are kept beside it; an array is no number but is kept
        among the figures, as ``metric.name``.
        """
