"""Presets: metrics with their settings under one name; and which metrics an evaluation asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gwae_core.components import Component
from gwae_core.config import RunConfig
from gwae_core.errors import ConfigError, did_you_mean
from gwae_core.interfaces import Metric
from gwae_core.yaml import apply_overrides

MetricChoice = str | Mapping[str, Any] | Metric.Config
"""A metric by its name, by a mapping with ``type`` and its settings, or by its configuration."""

FAST: tuple[Mapping[str, Any], ...] = (
    {"type": "reconstruction"},
    {"type": "dci", "variant": "forest", "num_train": 2000, "num_test": 1000},
    {"type": "mig", "num_test": 5000},
    {"type": "sap", "num_train": 2000, "num_test": 1000},
    {"type": "modularity", "num_test": 5000},
    {"type": "explicitness", "num_train": 2000, "num_test": 1000},
    {"type": "irs", "num_test": 5000},
    {"type": "factor-vae", "num_train": 2000, "num_test": 1000},
    {"type": "beta-vae", "num_train": 2000, "num_test": 1000},
    {"type": "code-dependence", "num_test": 5000},
    {"type": "clustering", "starts": 5},
    {"type": "geometry", "points": 1000},
    {"type": "generation", "real": 2000},
)
"""Seconds on small data: fewer samples, starts and votes, and a forest for boosted trees."""
PAPER: tuple[Mapping[str, Any], ...] = (
    {"type": "reconstruction", "bootstrap": 1000},
    {"type": "dci", "variant": "gbt", "num_train": 10_000, "num_test": 5000},
    {"type": "mig", "num_test": 10_000},
    {"type": "sap", "num_train": 10_000, "num_test": 5000},
    {"type": "modularity", "num_test": 10_000},
    {"type": "explicitness", "num_train": 10_000, "num_test": 5000},
    {"type": "irs", "quantile": 0.99, "num_test": 10_000},
    {"type": "factor-vae", "batch_size": 64, "num_train": 10_000, "num_test": 5000},
    {"type": "beta-vae", "batch_size": 64, "num_train": 10_000, "num_test": 5000},
    {"type": "code-dependence", "num_test": 10_000},
    {"type": "clustering", "starts": 20, "bootstrap": 1000},
    {"type": "geometry", "points": 2000, "estimators": ["entropic", "sliced", "lower-bound"]},
    {"type": "generation", "real": 10_000, "bootstrap": 1000},
)
"""The counts of the papers that introduced the metrics, where the data have as many points."""
PRESETS = {"fast": FAST, "paper": PAPER}


def preset(name: str) -> tuple[Metric.Config, ...]:
    """The metrics of a preset, ``fast`` or ``paper``.

    Raises:
        ConfigError: There is no such preset.
    """
    return RunConfig.from_mapping({"metrics": _values(name)}, source=f"preset {name}").metrics


def _values(name: str) -> tuple[Mapping[str, Any], ...]:
    if name not in PRESETS:
        meant = did_you_mean(name, PRESETS)
        raise ConfigError(f"no preset {name!r}{meant}", hint=f"presets: {', '.join(PRESETS)}")
    return PRESETS[name]


def chosen_metrics(
    config: RunConfig,
    asked: Sequence[MetricChoice] = (),
    *,
    preset: str | None = None,
    overrides: Sequence[str] = (),
    components: Sequence[type[Component]] = (),
) -> tuple[Metric.Config, ...]:
    """The metrics that an evaluation of a run computes.

    Args:
        config: The run, whose own metrics are meant where nothing is asked for.
        asked: Metrics; one asked for by name has the settings of the preset, or without a preset
            those that the run lists, and where neither has it, its defaults.
        preset: Name of a preset.
        overrides: Settings such as ``dci.num_train=1000``, for each of the metrics of that name.
        components: Classes of the user's own, registered by no plugin.

    Raises:
        ConfigError: A preset, metric or setting does not exist.
    """
    known: Sequence[MetricChoice] = config.metrics if preset is None else _values(preset)
    listed: list[MetricChoice] = list(known)
    if asked:
        listed = []
        for one in asked:
            same = [own for own in known if isinstance(one, str) and _name(own) == one]
            listed += same or [one]
    values = _overridden(listed, overrides)
    whole = {**dict(config), "metrics": values}
    try:
        return RunConfig.from_mapping(whole, source="evaluation", components=components).metrics
    except ConfigError as error:
        # a position in a list says nothing to whoever named a metric
        message = re.sub(
            r"\bmetrics\.(\d+)", lambda found: _name(values[int(found[1])]), error.message
        )
        raise ConfigError(message, hint=error.hint) from error


def _name(choice: MetricChoice) -> str:
    match choice:
        case str():
            return choice
        case Mapping():
            return str(choice.get("type"))
        case _:
            return choice.type


def _named(override: str) -> str:
    """The metric whose setting an override is."""
    return override.partition("=")[0].partition(".")[0].strip()


def _overridden(
    listed: Sequence[MetricChoice], overrides: Sequence[str]
) -> list[MetricChoice | dict[str, Any]]:
    """The metrics with their settings; a setting goes to every metric of its name."""
    if not overrides:
        return list(listed)
    names = [_name(one) for one in listed]
    for text in overrides:
        name = _named(text)
        if not re.match(r"[^.=]+\.[^=]+=", text):
            raise ConfigError(
                f"{text!r} is not of the form metric.field=value",
                hint="for example geometry.points=500",
            )
        if name not in names:
            meant = did_you_mean(name, names)
            raise ConfigError(
                f"{text!r} sets a field of the metric {name!r}, which is not evaluated{meant}",
                hint=f"METRIC.FIELD=VALUE with one of {', '.join(names) or 'no metric'}",
            )
    found: list[MetricChoice | dict[str, Any]] = []
    for one, name in zip(listed, names, strict=True):
        mine = [text for text in overrides if _named(text) == name]
        plain = one.model_dump(mode="json") if isinstance(one, Metric.Config) else one
        found.append(apply_overrides({name: plain}, mine)[name] if mine else one)
    return found
