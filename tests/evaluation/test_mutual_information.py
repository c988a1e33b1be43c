"""MIG, modularity and what they are made of."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from gwae_core.evaluation import mean_mutual_information, mig_score, modularity_score
from gwae_core.evaluation.factor_classes import binned_codes
from gwae_core.evaluation.mutual_information import entropies, mutual_information

GRID = np.array(list(itertools.product(range(2), range(3), range(4))))
"""Every combination of three factors once: in this sample they are exactly independent."""
rng = np.random.default_rng(0)


def by_counting(a: np.ndarray, b: np.ndarray) -> float:
    n, total = len(a), 0.0
    for u, v in itertools.product(set(a.tolist()), set(b.tolist())):
        both = sum(1 for s, t in zip(a, b, strict=True) if s == u and t == v) / n
        p, q = (a == u).mean(), (b == v).mean()
        if both:
            total += both * math.log(both / (p * q))
    return total


def test_mutual_information_is_that_of_the_observed_frequencies() -> None:
    a, b = rng.integers(0, 4, (60, 2)), rng.integers(0, 3, (60, 3))
    expected = [[by_counting(u, v) for v in b.T] for u in a.T]
    assert mutual_information(a, b) == pytest.approx(np.array(expected), abs=1e-12)
    assert entropies(a) == pytest.approx([by_counting(u, u) for u in a.T], abs=1e-12)


def test_mig_by_counting() -> None:
    y = rng.integers(0, 3, (200, 2))
    z = y @ rng.normal(size=(2, 4)) + 0.3 * rng.normal(size=(200, 4))
    expected = []
    for factor in y.T:
        known = sorted(by_counting(code, factor) for code in binned_codes(z).T)
        expected.append((known[-1] - known[-2]) / by_counting(factor, factor))
    assert mig_score(z, y).per_factor == pytest.approx(expected, abs=1e-12)
    assert mig_score(z, y).score == pytest.approx(np.mean(expected), abs=1e-12)


def test_a_code_for_each_factor_has_gap_and_modularity_one() -> None:
    assert mig_score(GRID, GRID).score == pytest.approx(1.0)
    assert modularity_score(GRID, GRID).score == pytest.approx(1.0)


def test_a_repeated_code_has_no_gap() -> None:
    twice = np.concatenate([GRID, GRID], axis=1)
    assert mig_score(twice, GRID).score == pytest.approx(0.0)
    assert modularity_score(twice, GRID).score == pytest.approx(1.0)


def test_neither_sees_order_sign_or_scale() -> None:
    y = rng.integers(0, 4, (400, 3))
    z = y @ rng.normal(size=(3, 4)) + rng.normal(size=(400, 4))
    other = 8.0 * z[:, [2, 0, 3, 1]] - 16.0
    for score in (mig_score, modularity_score):
        assert score(other, y[:, ::-1]).score == pytest.approx(score(z, y).score, abs=1e-12)
    assert mig_score(-z, y).score == pytest.approx(mig_score(z, y).score, abs=0.02)


def test_a_dead_code_has_modularity_zero_and_no_effect_on_mig() -> None:
    dead = np.concatenate([GRID, np.ones((len(GRID), 1))], axis=1)
    assert modularity_score(dead, GRID).per_code == pytest.approx([1, 1, 1, 0])
    assert mig_score(dead, GRID).score == pytest.approx(1.0)


def test_a_code_of_two_factors_is_half_modular() -> None:
    y = np.array(list(itertools.product(range(2), range(2), range(2))))
    z = np.stack([y[:, 0] + 2 * y[:, 1], y[:, 2]], axis=1)
    # I = log 2 with two factors of three: 1 - (2 - 1) / (3 - 1).
    assert modularity_score(z, y).per_code == pytest.approx([0.5, 1.0])


def test_a_grid_of_many_values_is_not_binned_and_a_continuous_factor_is() -> None:
    many = rng.integers(0, 40, 4000)
    z = np.stack([many // 2, rng.integers(0, 4, 4000)], axis=1)
    found = mig_score(z, np.stack([many, z[:, 1]], axis=1))
    assert found.mutual_information[0, 0] == pytest.approx(math.log(20), abs=0.01)
    assert found.per_factor[0] == pytest.approx(math.log(20) / math.log(40), abs=0.02)
    y = rng.random((4000, 2))
    assert mig_score(y, y).score == pytest.approx(1.0, abs=0.05)


def test_mean_over_pairs_of_codes() -> None:
    z = rng.normal(size=(300, 3))
    z[:, 2] += z[:, 0]
    codes = binned_codes(z).T
    pairs = [by_counting(codes[i], codes[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert mean_mutual_information(z) == pytest.approx(np.mean(pairs), abs=1e-12)
