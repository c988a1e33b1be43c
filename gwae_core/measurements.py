"""What one metric found on a trained model, and several of them joined to an evaluation."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import ComponentError
from gwae_core.evaluation.stored import Evaluation, unusable
from gwae_core.interfaces import Interval, Measured, Metric, MetricInput


@dataclass(frozen=True)
class Measurement:
    """What a metric found.

    Attributes:
        metric: Name of the metric.
        values: Numbers by ``metric.variant.name``.
        intervals: Low and high end of the numbers that have a confidence interval.
        arrays: Arrays for the figures, by ``metric.name``.
        applies: Whether the metric applies to the data; without, it found nothing.
        seconds: How long it took.
        key: Digest of all that it depends on; empty where nobody asked.
        config: The metric's settings.
    """

    metric: str
    values: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, Sequence[float]] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    applies: bool = True
    seconds: float = 0.0
    key: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Names of its numbers and arrays; where it found none, of the metric."""
        return {*self.values, *self.arrays} or {self.metric}


def measure(metric: Metric, data: MetricInput) -> Measurement:
    """Compute a metric where it applies.

    Raises:
        ComponentError: It gave NaN or inf.
    """
    began = time.perf_counter()
    name = metric.name()
    config = metric.config.model_dump(mode="json")
    if not metric.applies(data):
        return Measurement(name, applies=False, config=config)
    found = {f"{name}.{key}": value for key, value in metric.compute(data).items()}
    values, intervals = _numbers(found)
    if wrong := unusable(values):
        raise ComponentError(f"the metric gave a value that is not finite: {', '.join(wrong)}")
    arrays = {key: value for key, value in found.items() if isinstance(value, np.ndarray)}
    seconds = round(time.perf_counter() - began, 3)
    return Measurement(name, values, intervals, arrays, seconds=seconds, config=config)


def _numbers(
    measured: Mapping[str, Measured],
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """The numbers by name, and the ends of those that have a confidence interval."""
    values: dict[str, float] = {}
    intervals: dict[str, list[float]] = {}
    for name, found in measured.items():
        if isinstance(found, Interval):
            values[name] = float(found.value)
            intervals[name] = [float(found.low), float(found.high)]
        elif not isinstance(found, np.ndarray):
            values[name] = float(found)
    return values, intervals


def merged(stored: Sequence[Measurement], new: Sequence[Measurement]) -> list[Measurement]:
    """New measurements beside stored ones; each takes the place of those it shares a name with."""
    result = list(stored)
    for one in new:
        places = [
            k
            for k, old in enumerate(result)
            if old.names & one.names or (old.metric == one.metric and not old.applies)
        ]
        result = [old for k, old in enumerate(result) if k not in places]
        result.insert(places[0] if places else len(result), one)
    return result


def joined(base: Evaluation, measured: Sequence[Measurement]) -> Evaluation:
    """An evaluation of several metrics, beside the arrays and facts of ``base``.

    Raises:
        ComponentError: Two metrics give one value.
    """
    values: dict[str, float] = {}
    for one in measured:
        if twice := sorted(values.keys() & one.values.keys()):
            raise ComponentError(
                f"two metrics give the value {twice[0]!r}",
                hint=f"list the metric {one.metric!r} once",
            )
        values |= one.values
    facts = {
        **base.facts,
        "intervals": {k: list(ends) for one in measured for k, ends in one.intervals.items()},
        "metrics": [one.metric for one in measured if one.applies],
        "skipped": [one.metric for one in measured if not one.applies],
    }
    arrays = {name: array for one in measured for name, array in one.arrays.items()}
    return replace(base, metrics=values, figures={**base.figures, **arrays}, facts=facts)
