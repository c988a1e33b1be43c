"""A Gaussian mixture fitted on codes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from gwae_core.builtin.samplers.moments import Moments, fitting_codes, not_fitted
from gwae_core.interfaces import Sampler
from gwae_core.mixture_fit import fit_mixture


class GaussianMixtureSampler(Sampler):
    """A Gaussian mixture with full covariances, fitted on codes by EM (Ghosh et al., 2020).

    Coordinates are standardised for the fit, so that the ridge means the same for codes of any
    scale. Fitted by scikit-learn.
    """

    class Config(Sampler.Config):
        """Size of the mixture, and of its fit."""

        type: Literal["gaussian-mixture"] = "gaussian-mixture"
        num_components: PositiveInt = 10
        """Components; fewer where there are fewer different codes."""
        starts: PositiveInt = 3
        """Starts of the fit, of which the one of largest likelihood is kept."""
        ridge: PositiveFloat = 1e-3
        """Ridge on the covariances, in units of each coordinate's variance."""

    config: Config
    _moments: Moments | None = None
    _weights: NDArray[np.float64]
    _means: NDArray[np.float64]
    _factors: NDArray[np.float64]

    def fit(self, z: NDArray[Any], *, seed: int) -> None:
        """Fit on codes (n, d).

        Raises:
            DataError: There are fewer than two codes, or they hold NaN or inf.
        """
        wide = fitting_codes(z, self.name())
        moments = Moments.of(wide)
        model = fit_mixture(
            moments.standardise(wide),
            min(self.config.num_components, len(np.unique(wide, axis=0))),
            regularization=self.config.ridge,
            starts=self.config.starts,
            seed=seed,
        )
        self._weights = model.weights_ / model.weights_.sum()
        self._means = model.means_
        self._factors = np.linalg.cholesky(model.covariances_)  # (K, d, d)
        self._moments = moments

    def sample(self, n: int, *, seed: int) -> NDArray[np.float32]:
        """Draw codes (n, d): a component, then a point of it."""
        if self._moments is None:
            raise not_fitted(self.name())
        rng = np.random.default_rng(seed)
        drawn = rng.choice(len(self._weights), size=n, p=self._weights)
        noise = rng.normal(size=(n, self._means.shape[1]))
        points = self._means[drawn] + np.einsum("nij,nj->ni", self._factors[drawn], noise)
        return self._moments.restore(points)
