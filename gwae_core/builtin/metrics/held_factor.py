"""The metrics `factor-vae`, `beta-vae` and `irs`: what codes do while a factor is held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, PositiveInt

from gwae_core.builtin.metrics.factor_rows import FactorMetric, factor_rows
from gwae_core.evaluation import beta_vae_score, factor_vae_score, irs_score
from gwae_core.interfaces import Metric, MetricInput


class FactorVAEMetric(FactorMetric):
    """FactorVAE score: the held factor is guessed from the code that varies least.

    The accuracy of the majority vote on batches of the test split that share the value of one
    factor; votes are counted and codes are scaled on the training split (Kim and Mnih, 2018).
    Batches are rows of the split with that value, drawn with replacement; continuous factors are
    held in 20 bins. A fully rotated code scores above 0.95: read it beside `dci` and `mig`. It
    needs two codes, two factors that vary and a batch of rows.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["factor-vae"] = "factor-vae"
        batch_size: int = Field(64, ge=2)
        """Rows of a batch; with fewer in a split the metric does not apply."""
        num_train: PositiveInt = 10_000
        """Votes of the training split."""
        num_test: PositiveInt = 5000
        """Votes of the test split."""

    config: Config

    @property
    def smallest_split(self) -> int:
        """A batch."""
        return self.config.batch_size

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Vote on the training split, judge by the test split."""
        found = factor_vae_score(
            *factor_rows(data).split,
            seed=data.seed,
            batch_size=self.config.batch_size,
            votes=self.config.num_train,
            test_votes=self.config.num_test,
        )
        return {"score": found.test}


class BetaVAEMetric(FactorMetric):
    """Beta-VAE score: the factor that pairs share is guessed from how their codes differ.

    The accuracy of a logistic regression on mean absolute differences of codes over batches of
    pairs with one factor in common, fitted on the training split (Higgins et al., 2017). Pairs are
    rows of the split with equal values, drawn with replacement; continuous factors are equal in
    the same of 20 bins. A fully rotated code scores 0.99: read it beside `dci` and `mig`. It needs
    two codes, two factors that vary and a batch of rows.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["beta-vae"] = "beta-vae"
        batch_size: int = Field(64, ge=2)
        """Pairs of a batch; with fewer rows in a split the metric does not apply."""
        num_train: int = Field(10_000, ge=100)
        """Batches of the training split."""
        num_test: PositiveInt = 5000
        """Batches of the test split."""

    config: Config

    @property
    def smallest_split(self) -> int:
        """A batch."""
        return self.config.batch_size

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Fit on the training split, judge by the test split."""
        found = beta_vae_score(
            *factor_rows(data).split,
            seed=data.seed,
            batch_size=self.config.batch_size,
            differences=self.config.num_train,
            test_differences=self.config.num_test,
        )
        return {"score": found.test}


class IRSMetric(FactorMetric):
    """Interventional robustness: how little a code moves while one factor is held.

    On the test split, with the largest deviation of each code as its unit and weight (Suter et
    al., 2019); 1 at best. Factors of more than 20 values are held in 20 bins. It needs two codes
    and two factors that vary.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["irs"] = "irs"
        quantile: float = Field(0.99, gt=0, le=1)
        """Quantile of deviations that counts as the largest one; 1 takes the maximum."""
        num_test: PositiveInt = 10_000
        """Most test rows, drawn by seed."""

    config: Config

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Compare deviations on test rows."""
        rows = factor_rows(data, num_test=self.config.num_test)
        found = irs_score(rows.z_test, rows.y_test, quantile=self.config.quantile)
        return {"score": found.score}
