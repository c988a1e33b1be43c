"""Gaussian mixtures fitted on codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture


def fit_mixture(
    points: NDArray[np.float64],
    num_components: int,
    *,
    regularization: float,
    starts: int,
    seed: int,
) -> GaussianMixture:
    """Fit a mixture with full covariances by maximum likelihood, on one thread.

    Its matrices are small, so that further threads mostly wait: on busy cores the fit takes several
    times as long with them. And their number would decide the last digits, which can decide between
    two starts.

    Args:
        points: (n, d), of about unit scale.
        num_components: Number of components, at most n.
        regularization: Ridge on the covariances.
        starts: Runs from k-means, of which the one of largest likelihood is kept.
        seed: Seed of the starts.
    """
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    mixture = GaussianMixture(
        num_components,
        reg_covar=regularization,
        n_init=starts,
        max_iter=300,
        random_state=seed,
    )
    with threadpool_limits(1):
        return mixture.fit(points)
