from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gwae_core.errors import DataError
from gwae_core.evaluation import neighbor_distances

rng = np.random.default_rng(0)


def test_it_is_the_kth_smallest_distance() -> None:
    reference, points = rng.normal(size=(50, 3)), rng.normal(size=(20, 3))
    expected = np.sort(cdist(points, reference), axis=1)
    for k in (1, 7, 50):
        np.testing.assert_allclose(
            neighbor_distances(reference, points, neighbors=k), expected[:, k - 1]
        )


def test_there_are_no_more_neighbours_than_points() -> None:
    reference = rng.normal(size=(4, 2))
    found = neighbor_distances(reference, reference[:1], neighbors=10)
    np.testing.assert_allclose(found, cdist(reference[:1], reference).max())
    with pytest.raises(DataError, match="no point"):
        neighbor_distances(reference[:0], reference)
