"""What is printed after training and evaluation: how long each stage took, and the metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gwae_core.cli.tables import table
from gwae_core.files import read_json

if TYPE_CHECKING:
    from gwae_core.run_evaluation import RunEvaluation

Intervals = Mapping[str, Sequence[float]]
"""Low and high end of a confidence interval, by the name of the number."""


def stages_text(stages: Sequence[tuple[str, float]]) -> str:
    """Seconds of each stage, as a table."""
    rows = [(name, f"{seconds:.1f}") for name, seconds in stages]
    return "\n" + table(("stage", "seconds"), rows, numbers=True)


def metrics_text(metrics: Mapping[str, float], folder: Path) -> str:
    """Metrics by name ``metric.variant.value``, variants and baselines beside each other.

    Args:
        metrics: The metrics of a run.
        folder: Its folder, which says on what split they were computed.
    """
    if not metrics:
        return "\nno metrics: there is no test split and no validation split, or no metric\n"
    facts = read_json(folder / "evaluation" / "facts.json")
    return _text(metrics, str(facts.get("split", "test")), facts.get("intervals", {}))


def evaluation_text(found: RunEvaluation) -> str:
    """The metrics that were asked for; which of them had been computed before; what is left out."""
    lines = [_text(found.metrics, found.part, found.intervals)] if found.metrics else []
    if found.seconds:
        spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.seconds.items())
        lines.append(f"computed    {spent}")
    if found.cached:
        lines.append(f"from cache  {', '.join(found.cached)} (--force computes again)")
    if found.skipped:
        lines.append(f"left out    {', '.join(found.skipped)}: not for these data or this model")
    return "\n".join(lines)


def evaluation_json(found: RunEvaluation) -> str:
    """The same for programs."""
    return json.dumps(
        {
            "part": found.part,
            "metrics": dict(found.metrics),
            "intervals": dict(found.intervals),
            "computed": dict(found.seconds),
            "cached": found.cached,
            "skipped": found.skipped,
        },
        indent=2,
    )


def _text(metrics: Mapping[str, float], part: str, intervals: Intervals) -> str:
    groups: dict[str, dict[tuple[str, str], str]] = {}
    for name, number in metrics.items():
        metric, _, rest = name.partition(".")
        variant, _, value = rest.rpartition(".")
        shown = _number(number)
        if (ends := intervals.get(name)) is not None:
            shown += f" [{', '.join(_number(end) for end in ends)}]"
        groups.setdefault(metric, {})[value, variant] = shown
    tables = [_group(metric, cells) for metric, cells in groups.items()]
    if any(name in intervals for name in metrics):
        tables.append("[low, high] is a confidence interval over test points\n")
    return "\n".join((f"\nmetrics on the {part} split\n", *tables))


def _group(metric: str, cells: Mapping[tuple[str, str], str]) -> str:
    variants = list(dict.fromkeys(variant for _, variant in cells))
    values = list(dict.fromkeys(value for value, _ in cells))
    rows = [[value, *(cells.get((value, variant), "") for variant in variants)] for value in values]
    return table([metric, *variants], rows, numbers=True) + "\n"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e6 else f"{value:.4g}"
