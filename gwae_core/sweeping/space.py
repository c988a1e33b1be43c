"""The search space: combinations of values, and the configurations that they make."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gwae_core.comparison import direction
from gwae_core.config import RunConfig
from gwae_core.errors import ConfigError, did_you_mean
from gwae_core.interfaces import Metric
from gwae_core.plugins import registry
from gwae_core.sweeping.config import Choice, Range, SweepConfig
from gwae_core.yaml import apply_overrides

MOST = 10_000
"""Most trials of a grid."""
CHECKED = 300
"""Combinations that are validated before anything is trained; a grid's are all."""
ELSEWHERE = {
    "seed": "give `seeds` beside the space",
    "split": "trials judged on different validation parts do not compare",
    "metrics": "every trial is judged by the same metrics; list them in the run",
    "schema_version": "it is no setting",
}
"""Fields that cannot be searched, and what to do."""


def label(value: Any) -> Any:
    """A value as the storage knows it: a plain one is itself, any other its JSON text."""
    return value if value is None or isinstance(value, bool | int | float | str) else _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


class Space:
    """The configurations of a sweep.

    Args:
        config: The sweep.
    """

    def __init__(self, config: SweepConfig) -> None:
        self.sweep = config
        self.choices: Mapping[str, Choice] = config.space
        self._values = {
            path: {label(one): one for one in choice}
            for path, choice in self.choices.items()
            if not isinstance(choice, Range)
        }

    def grid(self) -> list[dict[str, Any]]:
        """Every combination, the last field fastest; as labels."""
        axes = [
            [label(one) for one in (choice.values() if isinstance(choice, Range) else choice) or ()]
            for choice in self.choices.values()
        ]
        size = math.prod(map(len, axes))
        if size > MOST:
            raise ConfigError(f"the grid has {size} combinations; at most {MOST} are allowed")
        return [dict(zip(self.choices, one, strict=True)) for one in itertools.product(*axes)]

    def trials(self) -> int:
        """Number of trials."""
        return self.sweep.trials or len(self.grid())

    def seeds(self) -> tuple[int, ...]:
        """Seeds of each trial."""
        return self.sweep.seeds or (int(self.sweep.run.get("seed", 0)),)

    def config(self, labels: Mapping[str, Any], *, source: str = "the trial") -> RunConfig:
        """The configuration of a trial.

        Raises:
            ConfigError: The values do not go together.
        """
        found = {path: self._values.get(path, {}).get(one, one) for path, one in labels.items()}
        # A whole component first, then its fields.
        paths = sorted(found, key=lambda path: path.count("."))
        texts = [f"{path}={_text(found[path])}" for path in paths]
        return RunConfig.from_mapping(apply_overrides(self.sweep.run, texts), source=source)

    def direction(self) -> str:
        """``minimize`` or ``maximize``.

        Raises:
            ConfigError: Neither the sweep nor the metric says it.
        """
        if self.sweep.direction is not None:
            return self.sweep.direction
        better = direction(self.sweep.metric)
        if better is None:
            known = _known_names(self.sweep.metric)
            start = self.sweep.metric.rpartition(".")[0]
            meant = did_you_mean(self.sweep.metric, [f"{start}.{name}" for name in known])
            listed = f"; known: {', '.join(known)}" if known else ""
            raise ConfigError(
                f"metric: nothing says which way {self.sweep.metric!r} is better{meant}{listed}",
                hint="correct the name, or give direction: minimize or maximize",
            )
        return {"lower": "minimize", "higher": "maximize"}[better]

    def check(self, source: str) -> None:
        """Refuse what could not be trained or judged, before anything is.

        Raises:
            ConfigError: A field does not exist, values are not valid or do not go together, or the
                metric is none of the run's.
        """
        base = RunConfig.from_mapping(self.sweep.run, source=f"{source}: run")
        for path in self.choices:
            if (root := path.partition(".")[0]) in ELSEWHERE:
                raise ConfigError(f"{source}: space: {path} cannot be searched: {ELSEWHERE[root]}")
        checked = self.grid() if self.sweep.search == "grid" else self._samples()
        for labels in checked:
            self._check_one(labels, f"{source}: space")
        if base.split.validation == 0:
            raise ConfigError(
                f"{source}: run: split.validation is 0, and trials are judged on the validation "
                "part; set it above 0"
            )
        names = list(dict.fromkeys(metric.type for metric in base.metrics))
        if (name := self.sweep.metric.partition(".")[0]) not in names:
            meant = did_you_mean(name, names)
            raise ConfigError(
                f"{source}: metric: the run has no metric {name!r}{meant}; its metrics: "
                f"{', '.join(names)}"
            )
        self.direction()

    def _check_one(self, labels: Mapping[str, Any], source: str) -> None:
        try:
            self.config(labels, source=source)
        except ConfigError as error:
            shown = ", ".join(f"{path}={one}" for path, one in labels.items())
            several = len(labels) > 1 and "unknown field" in error.message
            hint = (
                "correct the path; fields of one component alone are a choice of it: "
                "`prior: [normal, {type: gaussian-mixture, num_components: 20}]`"
            )
            raise ConfigError(
                f"{error.message}\n(found at {shown})",
                hint=error.hint or (hint if several else None),
            ) from error

    def _samples(self) -> Iterator[dict[str, Any]]:
        """Every value of each field beside the first of the others, then some combinations."""
        probes = {path: _probes(choice) for path, choice in self.choices.items()}
        first = {path: values[0] for path, values in probes.items()}
        for path, values in probes.items():
            for value in values:
                yield {**first, path: value}
        rng = np.random.default_rng(0)
        for _ in range(CHECKED):
            yield {path: values[rng.integers(len(values))] for path, values in probes.items()}


def _probes(choice: Choice) -> list[Any]:
    if not isinstance(choice, Range):
        return [label(one) for one in choice]
    # The golden section lies at no whole number by accident.
    inside = choice.low + 0.618034 * (choice.high - choice.low)
    if choice.step is not None:
        inside = choice.low + choice.step * ((inside - choice.low) // choice.step)
    found = [choice.low, choice.high if choice.step is None else inside, inside]
    return [int(value) if choice.integer else value for value in found]


def _known_names(metric: str) -> list[str]:
    """Last parts of the names of a metric's values that say their direction."""
    for entry in registry():
        component = entry.component
        if issubclass(component, Metric) and component.name() == metric.partition(".")[0]:
            return list(component.better)
    return []
