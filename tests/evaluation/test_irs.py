from __future__ import annotations

import itertools

import numpy as np
import pytest

from gwae_core.evaluation import irs_score

GRID = np.array(list(itertools.product(range(3), range(3), range(2))))
rng = np.random.default_rng(0)


def by_loops(z: np.ndarray, y: np.ndarray, q: float) -> float:
    above = below = 0.0
    for code in z.T:
        largest = max(abs(code - code.mean()))
        best = -np.inf
        for factor in y.T:
            spread = []
            for value in sorted(set(factor.tolist())):
                held = code[factor == value]
                spread.append(np.percentile(abs(held - held.mean()), 100 * q))
            best = max(best, 1 - np.mean(spread) / largest)
        above, below = above + largest * best, below + largest
    return above / below


@pytest.mark.parametrize("q", [0.5, 0.99, 1.0])
def test_the_definition_by_loops(q: float) -> None:
    y = rng.integers(0, 4, (150, 2))
    z = y @ rng.normal(size=(2, 3)) + rng.normal(size=(150, 3))
    assert irs_score(z, y, quantile=q).score == pytest.approx(by_loops(z, y, q), abs=1e-12)


def test_a_code_for_each_factor_is_robust_and_their_sum_is_not() -> None:
    assert irs_score(GRID, GRID).score == pytest.approx(1.0)
    mixed = GRID @ np.array([[1.0, 1.0], [1.0, -1.0], [1.0, 0.0]])
    assert irs_score(mixed, GRID).score < 0.6


def test_a_constant_code_does_not_count() -> None:
    dead = np.concatenate([np.full((len(GRID), 1), 0.1), GRID], axis=1)
    found = irs_score(dead, GRID)
    assert found.score == pytest.approx(1.0)
    assert (found.robustness[0] == 0).all()
    assert irs_score(np.ones((len(GRID), 2)), GRID).score == 0.0


def test_a_factor_of_more_than_twenty_values_is_held_in_bins() -> None:
    y = np.stack([rng.integers(0, 40, 500), rng.integers(0, 3, 500)], axis=1)
    z = y + 0.1 * rng.normal(size=y.shape)
    held = y.copy()
    held[:, 0] = y[:, 0] // 2  # 0 to 39 in twenty bins of width 1.95
    assert irs_score(z, y).score == pytest.approx(by_loops(z, held, 0.99), abs=1e-12)
