"""Paired tests over common seeds, and their correction for being many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FEWEST = 3
"""Fewest pairs that a test is made of."""


@dataclass(frozen=True)
class PairedTest:
    """A number of one configuration against that of another, over the seeds that both have.

    Attributes:
        pairs: Common seeds.
        difference: Mean difference; None without a pair.
        error: Its standard error; None of fewer than two pairs.
        t: p-value of the two-sided paired t-test (Student, 1908); None of fewer than three pairs,
            and where all differences are one number other than 0.
        wilcoxon: p-value of the two-sided signed-rank test (Wilcoxon, 1945); None of fewer than
            three pairs. Of n pairs it is at least 2^(1 - n).
    """

    pairs: int
    difference: float | None = None
    error: float | None = None
    t: float | None = None
    wilcoxon: float | None = None


def paired_test(a: Mapping[int, float], b: Mapping[int, float]) -> PairedTest:
    """Test whether a and b, numbers by seed, differ; pairs with NaN or inf are left out."""
    seeds = [seed for seed in a if seed in b and math.isfinite(a[seed]) and math.isfinite(b[seed])]
    differences = [a[seed] - b[seed] for seed in seeds]
    n = len(differences)
    if n == 0:
        return PairedTest(0)
    mean = sum(differences) / n
    if n == 1:
        return PairedTest(1, mean)
    spread = math.sqrt(sum((value - mean) ** 2 for value in differences) / (n - 1))
    error = spread / math.sqrt(n)
    if n < FEWEST:
        return PairedTest(n, mean, error)
    if not any(differences):
        return PairedTest(n, 0.0, 0.0, 1.0, 1.0)
    from scipy import stats

    # What is left of equal differences after rounding is no spread to measure anything by.
    t = None
    if spread > 1e-12 * max(abs(value) for value in (*a.values(), *b.values())):
        t = float(2 * stats.t.sf(abs(mean) / error, n - 1))
    return PairedTest(n, mean, error, t, float(stats.wilcoxon(differences).pvalue))


def holm(p: Sequence[float | None]) -> list[float | None]:
    """p-values of a family of tests, corrected so that one false alarm in it has that chance.

    p~_(k) = max over j <= k of min(1, (m - j + 1) p_(j)) with p_(1) <= ... <= p_(m) (Holm, 1979).
    Tests that were not made (None) do not count.
    """
    known = sorted((value, k) for k, value in enumerate(p) if value is not None)
    corrected: list[float | None] = [None] * len(p)
    highest = 0.0
    for rank, (value, k) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * value))
        corrected[k] = highest
    return corrected
