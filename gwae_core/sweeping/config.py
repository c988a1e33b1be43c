"""`SweepConfig`: what is searched, how, and by which number it is judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeInt,
    PlainSerializer,
    PlainValidator,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from gwae_core.components import Section
from gwae_core.config import RunConfig, read_text
from gwae_core.errors import ConfigError, did_you_mean
from gwae_core.migrations import migrate
from gwae_core.seeds import parse_seeds
from gwae_core.validation import explain
from gwae_core.yaml import apply_overrides, parse_yaml


class Range(Section):
    """Numbers from ``low`` to ``high``, both included."""

    low: float
    """Smallest number."""
    high: float
    """Largest number."""
    log: bool = False
    """Search the logarithm; ``low`` has to be positive."""
    integer: bool = False
    """Whole numbers only."""
    step: PositiveFloat | None = None
    """Distance of two numbers, counted from ``low``; null takes every number between."""

    @model_validator(mode="after")
    def _can_be_searched(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low ({self.low:g}) must not be above high ({self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs a low above 0; got {self.low:g}")
        if self.log and self.step is not None:
            raise ValueError("log and step cannot both be given; list the values instead")
        if self.integer:
            wrong = [v for v in (self.low, self.high, self.step or 1.0) if v != int(v)]
            if wrong:
                raise ValueError(f"integer needs whole numbers; got {wrong[0]:g}")
        return self

    def values(self) -> tuple[float, ...] | None:
        """All numbers, or None where there is no step to list them by."""
        step = self.step if self.step is not None or not self.integer or self.log else 1.0
        if step is None:
            return None
        count = math.floor((self.high - self.low) / step * (1 + 1e-12)) + 1
        found = [self.low + k * step for k in range(count)]
        return tuple(int(value) if self.integer else value for value in found)

    def highest(self) -> float:
        """Largest number that a step leads to."""
        values = self.values() if self.step is not None else None
        return self.high if values is None else values[-1]


Choice = Range | tuple[Any, ...]
"""What a field may be: a range, or one of several values."""


def _choice(value: Any) -> Choice:
    if isinstance(value, Range):
        return value
    if isinstance(value, Mapping):
        for name in value:
            if name not in Range.model_fields:
                meant = did_you_mean(str(name), Range.model_fields)
                raise ValueError(
                    f"unknown field {name!r} of a range{meant}; allowed: "
                    f"{', '.join(Range.model_fields)}"
                )
        return Range.model_validate(value)
    if not isinstance(value, list | tuple):
        raise ValueError(
            f"a list of values, or a range such as {{low: 1, high: 2}}, is expected; got {value!r}"
        )
    if not value:
        raise ValueError("the list of values is empty")
    for position, one in enumerate(value):
        if one in value[:position]:
            raise ValueError(f"{one!r} stands twice among the values, or an equal one does")
    return tuple(value)


def _seeds(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return parse_seeds(value)
        except ConfigError as error:
            raise ValueError(error.message) from error
    return (value,) if isinstance(value, int) else value


def _named(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


def _mapping(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, RunConfig) else value


class Pruning(Section):
    """When a trial is given up: by the monitored value of its validation records."""

    type: Literal["median", "halving"]
    """``median``: worse than the median of the trials before at the same step. ``halving``: not
    among the best of the trials that came as far (successive halving, asynchronous)."""
    startup_trials: NonNegativeInt = 5
    """``median``: trials that have to end before one is given up."""
    warmup_steps: NonNegativeInt = 0
    """Steps before which no trial is given up."""
    reduction: int = Field(4, ge=2)
    """``halving``: one trial of so many goes on at each of its decisions."""


class SweepConfig(Section):
    """A sweep: a run, the fields that are searched, and the number that judges."""

    run: Annotated[dict[str, Any], BeforeValidator(_mapping)]
    """The configuration of the runs: in a file, the path of another file beside it, or fields."""
    space: dict[
        str,
        Annotated[
            Choice,
            PlainValidator(_choice),
            PlainSerializer(
                lambda choice: (
                    choice.model_dump(mode="json") if isinstance(choice, Range) else choice
                )
            ),
        ],
    ] = Field(min_length=1)
    """Fields by dotted path: a list of values, or a range."""
    search: Literal["grid", "random", "tpe"] = "tpe"
    """``grid``: every combination; ``random``; ``tpe``: a tree-structured Parzen estimator, which
    proposes what is likely to be good (Bergstra et al., 2011)."""
    trials: PositiveInt | None = Field(None, le=10_000)
    """Trials; a grid has as many as it has combinations."""
    startup_trials: NonNegativeInt = 10
    """``tpe``: trials that are random before the model is used."""
    seed: NonNegativeInt = 0
    """Seed of the search."""
    seeds: Annotated[tuple[NonNegativeInt, ...] | None, BeforeValidator(_seeds)] = None
    """Seeds of each trial, whose mean counts: a list or text such as ``0-2``; null takes the run's.
    """
    metric: str
    """Metric of the validation part that judges a trial, such as ``reconstruction.mse``."""
    direction: Literal["minimize", "maximize"] | None = None
    """Which way is better; null takes what the metric says."""
    pruning: Annotated[Pruning | None, BeforeValidator(_named)] = None
    """How trials are given up early; null carries each to its end."""
    storage: str | None = None
    """URL of a database for workers on several machines; null takes a file in the folder."""

    @model_validator(mode="after")
    def _has_a_length(self) -> SweepConfig:
        if self.search == "grid":
            if self.trials is not None:
                raise ValueError("a grid tries every combination; leave `trials` out")
            endless = [path for path, one in self.space.items() if _endless(one)]
            if endless:
                raise ValueError(
                    f"a grid needs values: list those of {', '.join(endless)}, or give a step"
                )
        elif self.trials is None:
            raise ValueError(f"search: {self.search} needs a number of `trials`")
        if self.seeds is not None and len(set(self.seeds)) != len(self.seeds):
            raise ValueError("a seed stands twice among the seeds")
        if self.seeds == ():
            raise ValueError("the list of seeds is empty; leave it out to take the run's")
        return self

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, source: str = "the sweep") -> SweepConfig:
        """Validate a mapping.

        Raises:
            ConfigError: It names the source, the path, the value and what is allowed.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise explain(error, cls, values, source) from error

    @classmethod
    def from_file(cls, path: Path | str, *, overrides: tuple[str, ...] = ()) -> SweepConfig:
        """Read a YAML file; overrides such as ``training.steps=500`` set fields of its run.

        Raises:
            ConfigError: A file cannot be read, or what it says is not valid.
        """
        values = parse_yaml(read_text(Path(path)), source=str(path))
        run = values.get("run")
        if isinstance(run, str):
            file = Path(path).parent / run
            run = migrate(parse_yaml(read_text(file), source=str(file)), source=str(file))
        if isinstance(run, Mapping):
            values = {**values, "run": apply_overrides(run, overrides)}
        return cls.from_mapping(values, source=str(path))


def _endless(choice: Choice) -> bool:
    return isinstance(choice, Range) and choice.values() is None
