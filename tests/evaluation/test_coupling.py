from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gwae_core.evaluation.coupling import gw_plan, seriation

rng = np.random.default_rng(0)


def distances(n: int, d: int = 2) -> np.ndarray:
    x = rng.normal(size=(n, d))
    return cdist(x, x)


def distortion(d_x: np.ndarray, d_z: np.ndarray, plan: np.ndarray) -> float:
    gap = np.square(d_x[:, None, :, None] - d_z[None, :, None, :])  # (i, k, j, l)
    return float(np.einsum("ikjl,ik,jl->", gap, plan, plan))


def test_the_plan_finds_points_again_after_an_isometry_and_a_shuffle() -> None:
    d = distances(20)
    shuffle = rng.permutation(20)
    plan = gw_plan(d, d[shuffle][:, shuffle])
    np.testing.assert_allclose(plan[shuffle, np.arange(20)], 1 / 20, rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_plan_does_not_depend_on_the_scale_of_codes(scale: float) -> None:
    d_x, d_z = distances(12), distances(12)
    np.testing.assert_allclose(gw_plan(d_x, scale * d_z), gw_plan(d_x, d_z), atol=1e-6)


def test_no_permutation_of_few_points_is_better() -> None:
    d_x, d_z = distances(6), distances(6)
    best = min(
        distortion(d_x, d_z, np.eye(6)[list(order)] / 6)
        for order in itertools.permutations(range(6))
    )
    assert distortion(d_x, d_z, gw_plan(d_x, d_z)) <= best * (1 + 1e-6)


def test_both_marginals_are_uniform_for_any_numbers_of_points() -> None:
    plan = gw_plan(distances(7), distances(5))
    np.testing.assert_allclose(plan.sum(1), 1 / 7, rtol=1e-5)
    np.testing.assert_allclose(plan.sum(0), 1 / 5, rtol=1e-5)


def test_a_start_is_kept_where_nothing_is_better() -> None:
    d = np.ones((9, 9)) - np.eye(9)  # every permutation is optimal
    assert distortion(d, d, gw_plan(d, d, start=np.eye(9) / 9)) == pytest.approx(0, abs=1e-9)


def test_codes_that_are_all_the_same_have_a_plan() -> None:
    plan = gw_plan(distances(8), np.zeros((8, 8)))
    assert plan.sum() == pytest.approx(1) and (plan >= 0).all()


def test_points_of_a_line_are_ordered_along_it() -> None:
    x = rng.permutation(30).astype(float)
    ordered = x[seriation(np.abs(x[:, None] - x))]
    assert np.abs(np.diff(ordered)).sum() == 29


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_points_have_an_order(n: int) -> None:
    assert sorted(seriation(distances(n))) == list(range(n))
