"""The beta-VAE score."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.evaluation.codes_and_factors import checked_split
from gwae_core.evaluation.fixed_factor import FixedFactor, pieces


@dataclass(frozen=True)
class BetaVAEScore:
    """Accuracy of the classifier.

    Attributes:
        train: On the differences that it was fitted on.
        test: On differences of test points.
    """

    train: float
    test: float


def beta_vae_score(
    z_train: NDArray[Any],
    y_train: NDArray[Any],
    z_test: NDArray[Any],
    y_test: NDArray[Any],
    *,
    seed: int,
    batch_size: int = 64,
    differences: int = 10_000,
    test_differences: int = 5000,
) -> BetaVAEScore:
    """Guess which factor two points share from how their codes differ (Higgins et al., 2017).

    A difference is the mean of |z_1 - z_2| over a batch of pairs that share one random factor; a
    logistic regression predicts the factor from it.

    Args:
        z_train: Training codes, (n, L), L at least 2.
        y_train: Training factors, (n, K), K at least 2; a continuous one is shared where both
            points lie in the same of 20 bins.
        z_test: Test codes, (m, L).
        y_test: Test factors, (m, K).
        seed: Seed of the draws.
        batch_size: Pairs of a difference; at most n and m.
        differences: Differences of training points, at least 100.
        test_differences: Differences of test points.

    Raises:
        DataError: `codes_and_factors.checked_split` refuses them, there are fewer points than a
            batch, or too few differences.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    train, test = checked_split(z_train, y_train, z_test, y_test)
    if differences < 100 or test_differences < 1:
        raise DataError(
            f"at least 100 differences to fit on and 1 to judge by are needed, got {differences} "
            f"and {test_differences}",
            hint="the published protocol has 10000 and 5000",
        )
    generator = np.random.default_rng(seed)
    sampled = []
    for given, total in ((train, differences), (test, test_differences)):
        draws = FixedFactor(given.y, batch_size, generator=generator)
        sampled.append(_differences(given.z, draws, total))
    with warnings.catch_warnings():
        # The protocol stops after a hundred iterations.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression().fit(*sampled[0])
    on_train, on_test = (float(model.score(*pair)) for pair in sampled)
    return BetaVAEScore(on_train, on_test)


def _differences(
    z: NDArray[np.float64], draws: FixedFactor, total: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mean differences (total, L) and the factor that is shared (total,)."""
    found, shared = [], []
    for count in pieces(total):
        factors, first, second = draws.pairs(count)
        found.append(np.abs(z[first] - z[second]).mean(axis=1))
        shared.append(factors)
    return np.concatenate(found), np.concatenate(shared)
