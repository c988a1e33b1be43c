"""The metric `dci`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import PositiveInt

from gwae_core.builtin.metrics.factor_rows import FactorMetric, factor_rows
from gwae_core.evaluation import dci_scores
from gwae_core.interfaces import Measured, Metric, MetricInput

COUNTS = {"gbt": (10_000, 5000), "forest": (2000, 1000)}
"""Training and test rows of each variant where none are given."""


class DCIMetric(FactorMetric):
    """Disentanglement, completeness and informativeness: which codes predict which factor.

    A classifier predicts each factor from all codes, and says how important each code was for it
    (Eastwood and Williams, 2018). ``disentanglement`` is 1 where each code matters for one factor
    only, ``completeness`` where each factor needs one code only, ``informativeness`` is the mean
    accuracy on the test split. ``gbt``, gradient-boosted trees, is the published protocol
    (Locatello et al., 2019) and takes minutes at its counts; ``forest`` tracks its
    disentanglement and completeness in a small part of the time. The variant is part of each name.

    It needs two codes and two factors that vary. A continuous factor is cut in 20 classes of equal
    width. The importances are a figure, (codes, factors).
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["dci"] = "dci"
        variant: Literal["gbt", "forest"] = "forest"
        """Gradient-boosted trees, or the faster forest."""
        num_train: PositiveInt | None = None
        """Most training rows, drawn by seed; none means 10,000 for `gbt`, 2,000 for `forest`."""
        num_test: PositiveInt | None = None
        """Most test rows, drawn by seed; none means 5,000 for `gbt`, 1,000 for `forest`."""

    config: Config
    better: ClassVar = {
        "disentanglement": "higher",
        "completeness": "higher",
        "informativeness": "higher",
    }

    def compute(self, data: MetricInput) -> Mapping[str, Measured]:
        """Fit on training rows, judge by test rows."""
        variant = self.config.variant
        num_train, num_test = COUNTS[variant]
        rows = factor_rows(
            data,
            num_train=self.config.num_train or num_train,
            num_test=self.config.num_test or num_test,
        )
        found = dci_scores(*rows.split, seed=data.seed, variant=variant)
        return {
            f"{variant}.disentanglement": found.disentanglement,
            f"{variant}.completeness": found.completeness,
            f"{variant}.informativeness": found.informativeness,
            f"{variant}.importance": rows.of_all_factors(found.importance),
        }
