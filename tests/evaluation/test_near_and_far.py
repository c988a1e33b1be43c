from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from gwae_core.errors import SpaceError
from gwae_core.evaluation import compare_distances, distortion_range

rng = np.random.default_rng(0)
d_x = pdist(rng.normal(size=(50, 3)))


def test_over_all_pairs_it_is_the_distortion() -> None:
    d_z = d_x * rng.uniform(0.5, 1.5, d_x.shape)
    found = distortion_range(d_x, d_z, share=1.0)
    expected = compare_distances(d_x, d_z).distortion
    assert found.local == pytest.approx(expected)
    assert found.far == pytest.approx(expected)


def test_a_similarity_has_none_and_units_do_not_matter() -> None:
    exact = distortion_range(d_x, 7 * d_x)
    assert (exact.local, exact.far) == pytest.approx((0, 0), abs=1e-12)
    d_z = np.sqrt(d_x)
    one, other = distortion_range(d_x, d_z), distortion_range(3 * d_x, 0.1 * d_z)
    assert (one.local, one.far) == pytest.approx((other.local, other.far))


def test_codes_that_bend_keep_near_pairs_and_those_that_jump_keep_far_ones() -> None:
    t = np.linspace(0, 1, 80)[:, None]
    straight = pdist(t)
    bent = np.minimum(straight, 0.4)  # far points are drawn together
    noisy = straight + 0.05  # no pair is near
    assert distortion_range(straight, bent).far > 0.2
    assert distortion_range(straight, noisy).local > 5 * distortion_range(straight, noisy).far


def test_equal_points_are_left_out_and_collapsed_codes_have_one() -> None:
    doubled = np.r_[np.zeros(30), d_x]
    found = distortion_range(doubled, np.zeros_like(doubled))
    assert (found.local, found.far) == (1.0, 1.0)
    with pytest.raises(SpaceError, match="points that differ"):
        distortion_range(np.zeros(5), np.ones(5))
