"""The FactorVAE score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.codes_and_factors import checked_split
from gwae_core.evaluation.fixed_factor import FixedFactor, pieces

MIN_SCALE = 0.05
"""Standard deviation below which a code is left out."""


@dataclass(frozen=True)
class FactorVAEScore:
    """Accuracy of the majority vote.

    Attributes:
        train: On the votes that it was made of.
        test: On votes of test points.
        votes: Votes of training points, of each code for each factor, (L, K).
    """

    train: float
    test: float
    votes: NDArray[np.int64]


def factor_vae_score(
    z_train: NDArray[Any],
    y_train: NDArray[Any],
    z_test: NDArray[Any],
    y_test: NDArray[Any],
    *,
    seed: int,
    batch_size: int = 64,
    votes: int = 10_000,
    test_votes: int = 5000,
) -> FactorVAEScore:
    """Guess which factor is held from the code that varies least (Kim and Mnih, 2018).

    A vote is a batch of points that share the value of one random factor: the code of least
    variance within the batch over variance of the training points votes for that factor. A code is
    taken for the factor that most of its votes are for. Codes whose standard deviation is below
    0.05 are left out, whatever they tell; where that leaves none, the score is 0.

    Args:
        z_train: Training codes, (n, L), L at least 2.
        y_train: Training factors, (n, K), K at least 2; a continuous one is held in 20 bins.
        z_test: Test codes, (m, L).
        y_test: Test factors, (m, K).
        seed: Seed of the draws.
        batch_size: Points of a batch, drawn with replacement; at most n and m.
        votes: Votes of training points.
        test_votes: Votes of test points.

    Raises:
        DataError: `codes_and_factors.checked_split` refuses them, or there are fewer points than a
            batch.
    """
    train, test = checked_split(z_train, y_train, z_test, y_test)
    generator = np.random.default_rng(seed)
    scale = train.z.std(axis=0, ddof=1)
    active = np.flatnonzero(scale >= MIN_SCALE)
    counts = []
    for given, total in ((train, votes), (test, test_votes)):
        draws = FixedFactor(given.y, batch_size, generator=generator)
        counts.append(_votes(given.z, scale, active, draws, total))
    on_train, on_test = counts
    guess = on_train.argmax(axis=1)  # factor of each code
    each = np.arange(len(guess))
    return FactorVAEScore(
        train=float(on_train[each, guess].sum() / votes),
        test=float(on_test[each, guess].sum() / test_votes),
        votes=on_train,
    )


def _votes(
    z: NDArray[np.float64],
    scale: NDArray[np.float64],
    active: NDArray[np.int64],
    draws: FixedFactor,
    total: int,
) -> NDArray[np.int64]:
    """Votes of each code for each factor, (L, K)."""
    counts = np.zeros((z.shape[1], draws.num_factors), dtype=np.int64)
    if len(active) == 0:
        return counts
    scaled = z[:, active] / scale[active]
    for count in pieces(total):
        factors, rows = draws.batches(count)
        least = scaled[rows].var(axis=1, ddof=1).argmin(axis=1)  # (count,)
        np.add.at(counts, (active[least], factors), 1)
    return counts
