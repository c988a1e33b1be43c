"""The metric `code-dependence`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import PositiveInt

from gwae_core.evaluation import (
    mean_mutual_information,
    random_subset,
    total_correlation,
    wasserstein_correlation,
)
from gwae_core.interfaces import Metric, MetricInput


class CodeDependenceMetric(Metric):
    """How much codes depend on each other, without labels or factors, on the test split.

    ``total_correlation`` and ``wasserstein_correlation`` are the divergence in nats and the squared
    Wasserstein distance of a Gaussian with the codes' covariance to one without correlations,
    ``mutual_information`` the mean over pairs of codes in 20 bins, in nats; 0 at best (Locatello et
    al., 2019). Independent codes need not be disentangled, and the second grows with the codes'
    scale. It needs two codes.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["code-dependence"] = "code-dependence"
        num_test: PositiveInt = 10_000
        """Most test rows, drawn by seed."""

    config: Config
    better: ClassVar = {
        "total_correlation": "lower",
        "wasserstein_correlation": "lower",
        "mutual_information": "lower",
    }

    def applies(self, data: MetricInput) -> bool:
        """At least two codes and two rows."""
        return data.test.z.shape[1] >= 2 and len(data.test.z) >= 2

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Measure on test rows."""
        rows = random_subset(len(data.test.z), self.config.num_test, seed=data.seed)
        z = data.test.z[rows]
        return {
            "total_correlation": total_correlation(z),
            "wasserstein_correlation": wasserstein_correlation(z),
            "mutual_information": mean_mutual_information(z),
        }
