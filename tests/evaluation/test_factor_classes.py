from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gwae_core.evaluation.factor_classes import bins, factor_classes, is_continuous

rng = np.random.default_rng(0)


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-10, 10)))
def test_bins_are_those_of_the_histogram(values: np.ndarray) -> None:
    counts = np.histogram(values, 20)[0]
    found = np.bincount(bins(values), minlength=21)
    assert found[0] == 0 and found.sum() == len(values)
    if np.ptp(values) > 1e-3 or np.ptp(values) == 0:  # else rounding may move a value to its side
        assert found[1:].tolist() == counts.tolist()


def test_values_outside_the_reference_count_to_the_end_bins() -> None:
    assert bins(np.array([-5.0, 0.0, 1.0, 9.0]), reference=np.array([0.0, 1.0])).tolist() == [
        1,
        1,
        20,
        20,
    ]


@pytest.mark.parametrize(
    ("values", "continuous"),
    [
        (rng.normal(size=500), True),
        (rng.integers(0, 40, 500), False),
        (np.linspace(0, np.pi, 40)[rng.integers(0, 40, 500)], False),  # a grid of 40 angles
        (np.arange(15.0), False),  # no more values than bins
        (np.arange(100), True),  # numbers of points, not of classes
    ],
)
def test_what_hardly_repeats_is_continuous(values: np.ndarray, continuous: bool) -> None:
    assert is_continuous(values) is continuous


def test_classes_number_the_values_and_unknown_ones_are_a_class_of_their_own() -> None:
    train = np.array([[0.5, 7], [0.5, 9], [2.5, 7], [1.5, 9]])
    test = np.array([[2.5, 8], [3.0, 9], [-1.0, 10]])
    assert factor_classes(train).tolist() == [[0, 0], [0, 1], [2, 0], [1, 1]]
    assert factor_classes(test, reference=train).tolist() == [[2, 2], [3, 1], [3, 2]]


def test_a_continuous_factor_is_binned_by_the_reference() -> None:
    train = np.linspace(0, 1, 200)[:, None]
    test = np.array([[-1.0], [0.5], [2.0]])
    assert factor_classes(test, reference=train)[:, 0].tolist() == [1, 11, 20]
