"""Rows of a comparison against the best one, and against a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gwae_core.comparison.paired import FEWEST, PairedTest, holm, paired_test
from gwae_core.comparison.rows import Row
from gwae_core.errors import ConfigError, did_you_mean

LEVEL = 0.05
"""A row is told from another where the corrected p-value of a test is below this."""


@dataclass(frozen=True)
class RowTest:
    """A row against the baseline.

    Attributes:
        metric: Name of the metric.
        row: Position of the row.
        test: Its numbers against those of the baseline; differences are row less baseline.
    """

    metric: str
    row: int
    test: PairedTest


def against(rows: Sequence[Row], metrics: Sequence[str], other: int) -> tuple[RowTest, ...]:
    """Every row with the data of another one against that one, in each metric that both have."""
    return tuple(
        RowTest(name, k, paired_test(row.by_seed(name), rows[other].by_seed(name)))
        for name in metrics
        for k, row in enumerate(rows)
        if k != other
        and row.runs[0].data == rows[other].runs[0].data
        and name in row.metrics
        and name in rows[other].metrics
    )


def corrected_tests(tests: Sequence[RowTest]) -> tuple[RowTest, ...]:
    """The tests with p-values corrected for being many (Holm, 1979), each kind by itself."""
    t = holm([one.test.t for one in tests])
    wilcoxon = holm([one.test.wilcoxon for one in tests])
    return tuple(
        replace(one, test=replace(one.test, t=t[k], wilcoxon=wilcoxon[k]))
        for k, one in enumerate(tests)
    )


def close_to_best(
    rows: Sequence[Row], best: Mapping[str, frozenset[int]]
) -> tuple[dict[str, frozenset[int]], bool]:
    """Positions of the rows that are not told from the best one; whether a row was not tested.

    By the paired t-test, at the level 0.05, corrected over the rows of each metric.
    """
    close: dict[str, frozenset[int]] = {}
    untested = False
    for name, top in best.items():
        tests = [one for one in against(rows, [name], min(top)) if one.row not in top]
        untested |= any(one.test.pairs < FEWEST for one in tests)
        close[name] = frozenset(
            one.row
            for one in corrected_tests(tests)
            if one.test.t is not None and one.test.t >= LEVEL
        )
    return close, untested


def baseline_position(labels: Sequence[str], asked: str) -> int:
    """Position of the row that a label, or a number from 1, means.

    Raises:
        ConfigError: There is no such row.
    """
    text = asked.strip().rstrip("/")
    if text in labels:
        return labels.index(text)
    if text.isdecimal() and 1 <= int(text) <= len(labels):
        return int(text) - 1
    meant = did_you_mean(text, labels)
    listed = ", ".join(f"{k} {label}" for k, label in enumerate(labels, 1))
    raise ConfigError(f"no row {asked!r} to compare with{meant}", hint=f"rows: {listed}")


def few_pairs(rows: Sequence[Row], labels: Sequence[str], other: int) -> list[str]:
    """Sentences on rows that cannot be tested against another one."""
    sentences = []
    seeds = {run.seed for run in rows[other].runs}
    for k, row in enumerate(rows):
        if k == other:
            continue
        if row.runs[0].data != rows[other].runs[0].data:
            sentences.append(f"{labels[k]} has other data than {labels[other]}: no paired test")
        elif (common := len(seeds & {run.seed for run in row.runs})) < FEWEST:
            sentences.append(
                f"{labels[k]} and {labels[other]} have {common} seeds in common: no paired test, "
                f"which needs at least {FEWEST}"
            )
    return sentences
