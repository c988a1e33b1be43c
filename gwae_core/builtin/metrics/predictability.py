"""The metrics `sap` and `explicitness`: linear predictions of factors from codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import PositiveInt

from gwae_core.builtin.metrics.factor_rows import FactorMetric, factor_rows
from gwae_core.evaluation import explicitness_score, sap_continuous, sap_svc
from gwae_core.interfaces import Metric, MetricInput


class SAPMetric(FactorMetric):
    """Separated attribute predictability: the best single code's lead in predicting a factor.

    The mean over factors of the gap between the best code and the second best (Kumar et al., 2018).
    ``svc`` takes the test accuracy of a linear classifier fitted on training rows, for discrete
    factors; ``continuous`` the squared correlation on the test rows, for ordered ones: it is the
    one to read for continuous factors, which ``svc`` cuts in 20 classes. It needs two codes and two
    factors that vary.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["sap"] = "sap"
        num_train: PositiveInt = 10_000
        """Most training rows, drawn by seed."""
        num_test: PositiveInt = 5000
        """Most test rows, drawn by seed."""

    config: Config
    better: ClassVar = {"svc": "higher", "continuous": "higher"}

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Fit on training rows, judge by test rows."""
        rows = factor_rows(data, num_train=self.config.num_train, num_test=self.config.num_test)
        return {
            "svc": sap_svc(*rows.split).score,
            "continuous": sap_continuous(rows.z_test, rows.y_test).score,
        }


class ExplicitnessMetric(FactorMetric):
    """Explicitness: whether a linear classifier reads the factors off all codes together.

    The mean over factors of the area under the ROC curve of a logistic regression, one class
    against the rest, on the test split (Ridgeway and Mozer, 2018); 1 at best, 0.5 is chance. A
    rotation of the codes does not change it: it says nothing about disentanglement. It needs two
    codes and two factors that vary; continuous factors are cut in 20 classes.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["explicitness"] = "explicitness"
        num_train: PositiveInt = 10_000
        """Most training rows, drawn by seed."""
        num_test: PositiveInt = 5000
        """Most test rows, drawn by seed."""

    config: Config

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Fit on training rows, judge by test rows."""
        rows = factor_rows(data, num_train=self.config.num_train, num_test=self.config.num_test)
        return {"score": explicitness_score(*rows.split).test}
