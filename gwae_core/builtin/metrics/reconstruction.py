"""The metric `reconstruction`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from gwae_core.evaluation import (
    bootstrap,
    is_unit_image,
    measured_mean,
    psnr_of_images,
    relative_squared_error,
    squared_errors,
    ssim,
    ssim_window,
)
from gwae_core.evaluation.similarity import WINDOW
from gwae_core.interfaces import Interval, Metric, MetricInput


class ReconstructionMetric(Metric):
    """Squared error of reconstructions from posterior means, its share of variance, PSNR and SSIM.

    ``mse`` is the mean over test points and dimensions, ``relative_mse`` its ratio to the test
    split's variance (1 is no better than the mean). For images in [0, 1] alone: ``psnr``, the mean
    over images of -10 log10 MSE in decibel (Huynh-Thu and Ghanbari, 2008), and ``ssim``, the mean
    structural similarity in windows of 11 x 11 pixels (Wang et al., 2004). Images of fewer than 11
    pixels a side are compared in the largest odd window that fits, and the name says so:
    ``window-7.ssim`` for 8 x 8.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["reconstruction"] = "reconstruction"
        bootstrap: NonNegativeInt = 0
        """Resamples of test points for 95 % intervals; 0 gives none."""

    config: Config
    better: ClassVar = {"mse": "lower", "relative_mse": "lower", "psnr": "higher", "ssim": "higher"}

    def compute(self, data: MetricInput) -> Mapping[str, float | Interval]:
        """Compare the test data with their reconstructions."""
        x, x_hat = data.test.x, data.test.x_hat
        of_points = {"mse": squared_errors(x, x_hat)}
        if is_unit_image(x):
            of_points["psnr"] = psnr_of_images(x, x_hat)
            side = ssim_window(x.shape[1:])
            name = "ssim" if side == WINDOW else f"window-{side}.ssim"
            of_points[name] = ssim(x, x_hat, window=side)
        found: dict[str, float | Interval] = {
            name: measured_mean(values, resamples=self.config.bootstrap, seed=data.seed)
            for name, values in of_points.items()
        }
        found["relative_mse"] = self._relative(x, of_points["mse"], data)
        return found

    def _relative(
        self, x: NDArray[np.float32], errors: NDArray[np.float64], data: MetricInput
    ) -> float | Interval:
        """The ratio to the variance; a resample has a mean, and so a variance, of its own."""
        value = relative_squared_error(x, data.test.x_hat)
        if not self.config.bootstrap:
            return value
        n = len(x)
        wide = x.reshape(n, -1).astype(np.float64)
        wide -= wide.mean(axis=0)
        squares = np.square(wide).sum(axis=1)
        if not squares.any():
            return value

        def ratio(counts: NDArray[np.float64]) -> NDArray[np.float64]:
            variance = counts @ squares / n - np.square(counts @ wide / n).sum(axis=1)
            known = variance > 0
            share = wide.shape[1] * (counts @ errors) / n / np.where(known, variance, 1.0)
            return np.where(known, share, np.nan)

        return bootstrap(ratio, n, resamples=self.config.bootstrap, seed=data.seed)
