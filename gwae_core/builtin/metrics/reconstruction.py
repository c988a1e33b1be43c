"""The metric `reconstruction`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from gwae_core.evaluation import (
    is_unit_image,
    mean_squared_error,
    psnr,
    relative_squared_error,
)
from gwae_core.interfaces import Metric, MetricInput


class ReconstructionMetric(Metric):
    """Squared error of reconstructions from posterior means, its share of the variance, and PSNR.

    ``mse`` is the mean over test points and dimensions, ``relative_mse`` its ratio to the test
    split's variance (1 is no better than the mean), ``psnr`` the mean over images of
    -10 log10 MSE in decibel, only for images in [0, 1] (Huynh-Thu and Ghanbari, 2008).
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["reconstruction"] = "reconstruction"

    config: Config
    better: ClassVar = {"mse": "lower", "relative_mse": "lower", "psnr": "higher"}

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Compare the test data with their reconstructions."""
        x, x_hat = data.test.x, data.test.x_hat
        values = {
            "mse": mean_squared_error(x, x_hat),
            "relative_mse": relative_squared_error(x, x_hat),
        }
        if is_unit_image(x):
            values["psnr"] = psnr(x, x_hat)
        return values
