from __future__ import annotations

import numpy as np
import ot
import pytest
from scipy.stats import wasserstein_distance

from gwae_core.errors import DataError
from gwae_core.evaluation import sliced_distance

rng = np.random.default_rng(0)
a, b = rng.normal(size=(60, 3)), 2 * rng.normal(size=(60, 3)) + 1


def test_it_is_that_of_pot_on_the_same_directions() -> None:
    theta = np.random.default_rng(5).normal(size=(3, 40))
    theta /= np.linalg.norm(theta, axis=0)
    expected = ot.sliced_wasserstein_distance(a, b, projections=theta)
    assert sliced_distance(a, b, projections=40, seed=5) == pytest.approx(float(expected))


def test_in_one_dimension_it_is_exact() -> None:
    one, shifted = a[:, :1], a[:, :1] + 3
    assert sliced_distance(one, shifted) == pytest.approx(3)
    assert sliced_distance(one, b[:, :1]) >= wasserstein_distance(one[:, 0], b[:, 0]) - 1e-12


def test_a_shift_costs_its_length_over_the_root_of_the_dimension() -> None:
    found = sliced_distance(a, a + np.array([3.0, 0, 4.0]), projections=5000)
    assert found == pytest.approx(5 / np.sqrt(3), rel=0.03)


def test_it_is_symmetric_zero_for_permutations_and_scales() -> None:
    assert sliced_distance(a, a[::-1]) == pytest.approx(0.0)
    assert sliced_distance(a, b) == pytest.approx(sliced_distance(b, a))
    assert sliced_distance(4 * a, 4 * b) == pytest.approx(4 * sliced_distance(a, b))
    assert sliced_distance(a, b, seed=1) != sliced_distance(a, b, seed=2)


@pytest.mark.parametrize("other", [b[:50], b[:, :2], b[:0]])
def test_samples_of_other_sizes_are_refused(other: np.ndarray) -> None:
    with pytest.raises(DataError, match="of one size"):
        sliced_distance(a, other)
