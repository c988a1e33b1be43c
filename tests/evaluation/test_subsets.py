from __future__ import annotations

import numpy as np
import pytest

from gwae_core.evaluation import balanced_subset, random_subset


def test_a_small_split_is_taken_whole() -> None:
    np.testing.assert_array_equal(random_subset(5, 10, seed=0), np.arange(5))


def test_a_draw_has_no_row_twice_and_depends_on_the_seed() -> None:
    rows = random_subset(1000, 100, seed=3)
    assert len(np.unique(rows)) == 100
    assert rows.min() >= 0 and rows.max() < 1000
    np.testing.assert_array_equal(rows, random_subset(1000, 100, seed=3))
    assert (rows != random_subset(1000, 100, seed=4)).any()


def test_every_label_comes_once_before_any_comes_twice() -> None:
    y = np.repeat([0, 1, 2, 7], [900, 50, 5, 1])
    chosen = y[balanced_subset(y, len(y), 4, seed=0)]
    np.testing.assert_array_equal(chosen, [0, 1, 2, 7])
    counts = np.unique(y[balanced_subset(y, len(y), 12, seed=0)], return_counts=True)[1]
    np.testing.assert_array_equal(counts, [4, 4, 3, 1])


@pytest.mark.parametrize("labelled", [True, False])
def test_a_balanced_subset_is_made_of_different_rows(labelled: bool) -> None:
    y = np.arange(30) % 3 if labelled else None
    assert len(np.unique(balanced_subset(y, 30, 16, seed=1))) == 16
    np.testing.assert_array_equal(np.sort(balanced_subset(y, 30, 99, seed=1)), np.arange(30))
