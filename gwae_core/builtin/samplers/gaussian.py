"""A Gaussian fitted on codes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gwae_core.builtin.samplers.moments import fitting_codes, not_fitted
from gwae_core.interfaces import Sampler


class GaussianSampler(Sampler):
    """The Gaussian with the codes' mean and full covariance (Ghosh et al., 2020).

    z = m + L u with u ~ N(0, I) and L L^T the codes' covariance; where it is singular, no sample
    leaves the plane that the codes lie in.
    """

    class Config(Sampler.Config):
        """No parameters."""

        type: Literal["gaussian"] = "gaussian"

    config: Config
    _mean: NDArray[np.float64] | None = None
    _factor: NDArray[np.float64]

    def fit(self, z: NDArray[Any], *, seed: int) -> None:
        """Take the moments of codes (n, d).

        Raises:
            DataError: There are fewer than two codes, or they hold NaN or inf.
        """
        wide = fitting_codes(z, self.name())
        covariance = np.atleast_2d(np.cov(wide, rowvar=False))
        values, vectors = np.linalg.eigh(covariance)
        self._factor = vectors * np.sqrt(np.maximum(values, 0))
        self._mean = wide.mean(axis=0)

    def sample(self, n: int, *, seed: int) -> NDArray[np.float32]:
        """Draw codes (n, d)."""
        if self._mean is None:
            raise not_fitted(self.name())
        noise = np.random.default_rng(seed).normal(size=(n, len(self._mean)))
        return (self._mean + noise @ self._factor.T).astype(np.float32)
