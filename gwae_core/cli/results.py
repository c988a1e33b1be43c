"""What is printed after training: how long each stage took, and the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gwae_core.cli.tables import table
from gwae_core.files import read_json


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
    groups: dict[str, dict[tuple[str, str], float]] = {}
    for name, number in metrics.items():
        metric, _, rest = name.partition(".")
        variant, _, value = rest.rpartition(".")
        groups.setdefault(metric, {})[value, variant] = number
    split = read_json(folder / "evaluation" / "facts.json").get("split", "test")
    tables = (_group(metric, numbers) for metric, numbers in groups.items())
    return "\n".join((f"\nmetrics on the {split} split\n", *tables))


def _group(metric: str, numbers: Mapping[tuple[str, str], float]) -> str:
    variants = list(dict.fromkeys(variant for _, variant in numbers))
    values = list(dict.fromkeys(value for value, _ in numbers))
    rows = [
        [value, *(_number(numbers.get((value, variant))) for variant in variants)]
        for value in values
    ]
    return table([metric, *variants], rows, numbers=True) + "\n"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e6 else f"{value:.4g}"
