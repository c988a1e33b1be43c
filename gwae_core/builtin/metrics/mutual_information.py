"""The metrics `mig` and `modularity`, which share one matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import PositiveInt

from gwae_core.builtin.metrics.factor_rows import FactorMetric, factor_rows
from gwae_core.evaluation import mig_score, modularity_score
from gwae_core.interfaces import Measured, Metric, MetricInput


class MIGMetric(FactorMetric):
    """Mutual information gap: how far the best code of a factor is ahead of the second best.

    The mean over factors of the gap in mutual information over the factor's entropy, on the test
    split (Chen et al., 2018); 1 at best. Codes are cut in 20 bins of equal width, and so are
    continuous factors. It needs two codes and two factors that vary. The mutual information in nats
    is a figure, (codes, factors).
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["mig"] = "mig"
        num_test: PositiveInt = 10_000
        """Most test rows, drawn by seed."""

    config: Config

    def compute(self, data: MetricInput) -> Mapping[str, Measured]:
        """Count on test rows."""
        rows = factor_rows(data, num_test=self.config.num_test)
        found = mig_score(rows.z_test, rows.y_test)
        return {
            "score": found.score,
            "mutual_information": rows.of_all_factors(found.mutual_information),
        }


class ModularityMetric(FactorMetric):
    """Modularity: whether each code tells of one factor only, on the test split.

    From the mutual information of `mig` (Ridgeway and Mozer, 2018); 1 at best, a code that tells
    of nothing counts as 0. Pure noise scores above a half, because estimates of mutual information
    are never quite 0: read it only beside `dci` and `mig`. It needs two codes and two factors that
    vary; continuous factors are cut in 20 bins.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["modularity"] = "modularity"
        num_test: PositiveInt = 10_000
        """Most test rows, drawn by seed."""

    config: Config

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Count on test rows."""
        rows = factor_rows(data, num_test=self.config.num_test)
        return {"score": modularity_score(rows.z_test, rows.y_test).score}
