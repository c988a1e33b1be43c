"""Runs beside each other: what they differ in, their metrics over seeds, and paired tests."""

from gwae_core.comparison.finished import FinishedRun, read_run
from gwae_core.comparison.paired import FEWEST, PairedTest, holm, paired_test
from gwae_core.comparison.row_tests import LEVEL, RowTest
from gwae_core.comparison.rows import Row, Summary, direction
from gwae_core.comparison.table import Comparison, compare

__all__ = [
    "FEWEST",
    "LEVEL",
    "Comparison",
    "FinishedRun",
    "PairedTest",
    "Row",
    "RowTest",
    "Summary",
    "compare",
    "direction",
    "holm",
    "paired_test",
    "read_run",
]
