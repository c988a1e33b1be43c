"""The exact solver against brute force, POT's conditional gradient, and its own other paths."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwae_core import spaces as gwae_spaces
from gwae_core.errors import SpaceError
from gwae_core.solvers import (
    compiled,
    distortion,
    effort,
    entropic_gw,
    exact,
    exact_gw,
    sliced_gw,
    value,
)
from gwae_core.solvers.lazy import LazyCost
from gwae_core.spaces import MMSpace, SparsePlan, pairwise_distances


def random_coupling(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    plan = rng.random((n, n))
    for _ in range(300):
        plan /= plan.sum(1, keepdims=True) * n
        plan /= plan.sum(0, keepdims=True) * n
    return plan


def brute_force(c_x: NDArray[np.float64], c_z: NDArray[np.float64]) -> float:
    permutations = itertools.permutations(range(len(c_x)))
    return min(float(np.square(c_x - c_z[np.ix_(s, s)]).mean()) for s in permutations)


def test_fifty_small_problems_against_pot_and_brute_force() -> None:
    import ot

    optimal = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(3, 8))
        p, q = rng.integers(2, 4, 2)
        cost = "sqeuclidean" if seed % 2 else "euclidean"
        x = MMSpace(torch.from_numpy(rng.normal(size=(n, p))), cost=cost)
        z = MMSpace(torch.from_numpy(rng.normal(size=(n, q))), cost=cost)
        c_x, c_z = x.d.numpy(), z.d.numpy()
        starts = [np.full((n, n), 1 / n**2)] + [random_coupling(rng, n) for _ in range(19)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = [ot.gromov.gromov_wasserstein(c_x, c_z, G0=start) for start in starts]
        pot = min(float(distortion(x, z, torch.from_numpy(plan))) for plan in found)
        ours = float(exact_gw(x, z, starts=[torch.from_numpy(s) for s in starts]).value)
        assert ours <= pot * (1 + 1e-9)
        optimal += ours <= brute_force(c_x, c_z) * (1 + 1e-9)
    assert optimal >= 48


def spaces(n: int, m: int, cost: str, seed: int = 0) -> tuple[MMSpace, MMSpace]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 5, generator=generator).exp()
    z = torch.randn(m, 2, generator=generator)
    return MMSpace(x, cost=cost), MMSpace(z, cost=cost)


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean", "cosine"])
@pytest.mark.parametrize(("n", "m"), [(60, 60), (60, 45), (250, 250)])
def test_value_is_that_of_its_plan_and_below_the_entropic_one(cost: str, n: int, m: int) -> None:
    x, z = spaces(n, m, cost)
    result = exact_gw(x, z)
    double_x, double_z = (
        MMSpace(s.points.double(), cost=cost) for s in (x, z) if s.points is not None
    )
    reference = distortion(double_x, double_z, result.dense().double())
    torch.testing.assert_close(result.value.double(), reference, rtol=1e-4, atol=1e-6)
    assert result.marginal_error < 1e-5
    assert result.value <= entropic_gw(x, z, epsilon=0.1, max_iter=50).value * 1.001


def test_a_start_at_the_optimum_is_never_lost() -> None:
    x, _ = spaces(100, 100, "sqeuclidean")
    assert x.points is not None
    order = torch.randperm(100, generator=torch.Generator().manual_seed(1))
    copy = MMSpace(x.points[order], cost="sqeuclidean")
    index = torch.arange(100)
    right = SparsePlan(order, index, torch.full((100,), 0.01), (100, 100))
    assert exact_gw(x, copy, starts=[right]).value < 1e-4


def test_distances_alone_give_the_same_optimum_as_points() -> None:
    x, z = spaces(40, 40, "sqeuclidean")
    given = exact_gw(MMSpace(distances=x.d), MMSpace(distances=z.d)).value
    torch.testing.assert_close(given, exact_gw(x, z).value, rtol=2e-2, atol=0)


def test_costs_that_are_no_squared_distances_converge() -> None:
    generator = torch.Generator().manual_seed(0)
    upper = torch.rand(12, 12, generator=generator, dtype=torch.float64).triu(1)
    x = MMSpace(distances=upper + upper.T)
    z = MMSpace(torch.randn(12, 2, generator=generator, dtype=torch.float64))
    result = exact_gw(x, z)
    assert result.converged and result.marginal_error < 1e-9
    identity = torch.eye(12, dtype=torch.float64) / 12
    assert result.value <= distortion(x, z, identity)


def test_gamma_of_one_batch_starts_the_next() -> None:
    x, z = spaces(128, 128, "sqeuclidean", seed=0)
    x2, z2 = spaces(128, 128, "sqeuclidean", seed=1)
    gamma = exact_gw(x, z).gamma
    assert gamma is not None and gamma.shape == (5, 2)
    warm, cold = exact_gw(x2, z2, gamma=gamma), exact_gw(x2, z2)
    assert warm.value <= cold.value * 1.05
    assert exact_gw(z2, x2, gamma=gamma.T).value <= cold.value * 1.05
    unfit = exact_gw(x2, z2, gamma=torch.zeros(3, 3))
    torch.testing.assert_close(unfit.value, cold.value)


def test_more_starts_are_never_worse() -> None:
    x, z = spaces(50, 50, "euclidean")
    generator = torch.Generator().manual_seed(0)
    more = exact_gw(x, z, n_starts=5, generator=generator)
    assert more.value <= exact_gw(x, z).value * (1 + 1e-6)


def test_wrong_arguments() -> None:
    x, z = spaces(5, 4, "euclidean")
    with pytest.raises(SpaceError, match=r"start must be \(5, 4\)"):
        exact_gw(x, z, starts=[torch.zeros(4, 5)])
    with pytest.raises(SpaceError, match="n_starts"):
        exact_gw(x, z, n_starts=0)
    with pytest.raises(SpaceError, match="epsilon"):
        entropic_gw(x, z, epsilon=0)
    with pytest.raises(SpaceError, match="n_projections"):
        sliced_gw(x, z, n_projections=0)
    with pytest.raises(SpaceError, match="identity"):
        distortion(x, z, torch.full((5, 4), 0.05), exclude_diagonal=True)
    with pytest.raises(SpaceError, match="equal sizes"):
        distortion(x, z)


@pytest.mark.parametrize("rho", [1.0, 1.5, 2.0])
def test_paired_distortion_is_the_mean_over_pairs(rho: float) -> None:
    x, z = spaces(9, 9, "euclidean")
    gap = (x.d - z.d).abs() ** rho
    torch.testing.assert_close(distortion(x, z, rho=rho), gap.mean())
    torch.testing.assert_close(distortion(x, z, rho=rho, exclude_diagonal=True), gap.sum() / 72)
    identity = torch.eye(9) / 9
    torch.testing.assert_close(distortion(x, z, identity, rho=rho), gap.mean())


def test_dense_distortion_equals_the_sum_over_quadruples() -> None:
    x, z = spaces(5, 4, "euclidean")
    plan = torch.rand(5, 4, generator=torch.Generator().manual_seed(0))
    plan = plan / plan.sum()
    for rho in (1.0, 2.0):
        gap = (x.d[:, None, :, None] - z.d[None, :, None, :]).abs() ** rho
        expected = torch.einsum("ikjl,ik,jl->", gap, plan, plan)
        torch.testing.assert_close(distortion(x, z, plan, rho=rho), expected)


def test_the_better_order_on_a_line_is_not_always_optimal() -> None:
    # Beinert et al. (2022): 1.189 by the orders, 1.029 at the optimum
    x = torch.tensor([-1.0, 0, 0, 0, 0, 0, 1], dtype=torch.float64)
    z = torch.tensor([-0.4] * 5 + [1.0, 1], dtype=torch.float64)
    assert sliced_gw(MMSpace(x), MMSpace(z)).value.item() == pytest.approx(1.189, abs=1e-3)
    optimum = exact_gw(MMSpace(x, cost="sqeuclidean"), MMSpace(z, cost="sqeuclidean")).value
    assert optimum.item() == pytest.approx(1.029, abs=1e-3)


def test_slices_equal_the_better_order_by_brute_force() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(9, 1, generator=generator, dtype=torch.float64).exp()
    z = torch.randn(9, 1, generator=generator, dtype=torch.float64)
    up, down = x[:, 0].sort().values, z[:, 0].sort().values

    def value(a: Tensor, b: Tensor) -> Tensor:
        d_a, d_b = (pairwise_distances(t[:, None], cost="sqeuclidean") for t in (a, b))
        return (d_a - d_b).square().mean()

    expected = torch.minimum(value(up, down), value(up, down.flip(0)))
    torch.testing.assert_close(sliced_gw(MMSpace(x), MMSpace(z)).value, expected)
    polished = sliced_gw(MMSpace(x), MMSpace(z), n_projections=2, polish=5).value
    assert polished <= expected * (1 + 1e-9)


@pytest.mark.skipif(not compiled.available(), reason="needs the extra fast")
@pytest.mark.parametrize("n", [1, 2, 5, 60, 700])
@pytest.mark.parametrize("kind", ["normal", "duplicates", "clusters"])
def test_the_auction_is_optimal_to_within_its_epsilon(n: int, kind: str) -> None:
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(0)
    rows, columns = rng.normal(size=(n, 3)), rng.normal(size=(3, n))
    if kind == "duplicates":
        rows, columns = np.ones((n, 3)), columns.round()
    if kind == "clusters":
        rows = 10 * np.sign(rows) + 1e-3 * rows
    sigma, prices = compiled.auction(rows, columns, np.zeros(n), np.geomspace(1, 1e-4, 9))
    assert sorted(sigma) == list(range(n))
    dense = rows @ columns
    optimum = dense[linear_sum_assignment(dense)].mean()
    assert optimum - 1e-9 <= dense[np.arange(n), sigma].mean() <= optimum + 1e-4
    # and the prices prove it
    assert (dense - prices).min(1).mean() + prices.mean() >= dense[
        np.arange(n), sigma
    ].mean() - 2e-4


def test_lazy_costs_are_those_of_the_product() -> None:
    rng = np.random.default_rng(0)
    cost = LazyCost(rng.normal(size=(700, 3)), rng.normal(size=(3, 650)))
    dense, g, z = cost.rows @ cost.columns, rng.normal(size=650), rng.normal(size=(650, 2))
    np.testing.assert_allclose(cost.transform(g), (dense - g).min(1))
    np.testing.assert_allclose(
        cost.transposed.transform(dense[:, 0]), (dense.T - dense[:, 0]).min(1)
    )
    kernel = np.exp((g - dense) / 0.5)
    f, met = cost.soft_transform(g, 0.5, z)
    np.testing.assert_allclose(f, -0.5 * np.log(kernel.mean(1)))
    np.testing.assert_allclose(met, kernel @ z / kernel.sum(1, keepdims=True))


def test_a_coarse_solution_carries_over_to_an_isometric_copy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def coarse_effort(n: int) -> effort.Effort:
        return replace(effort.effort_of(n), coarse=200)

    monkeypatch.setattr(exact, "effort_of", coarse_effort)
    generator = torch.Generator().manual_seed(0)
    x = (torch.randn(600, 3, generator=generator) / 2).exp() * torch.tensor([1.0, 1.5, 2.0])
    turn = torch.linalg.qr(torch.randn(3, 3, generator=generator))[0]
    copy = (x @ turn)[torch.randperm(600, generator=generator)]
    a, b = MMSpace(x, cost="sqeuclidean"), MMSpace(copy, cost="sqeuclidean")
    product = 2 * (a.d.square().mean() - a.d.mean().square())
    assert exact_gw(a, b).value < 1e-4 * product
    # without the extra fast the assignment is dense, and the objective the same to 1e-3
    fast = exact_gw(a, MMSpace(x[:, :2] * 2, cost="sqeuclidean")).value
    monkeypatch.setattr(compiled, "available", lambda: False)
    plain = exact_gw(a, MMSpace(x[:, :2] * 2, cost="sqeuclidean")).value
    torch.testing.assert_close(plain, fast, rtol=1e-3, atol=0)


@pytest.mark.parametrize("weighted", [False, True])
def test_large_problems_hold_no_full_cost_matrix(
    weighted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_x, whole_z = spaces(400, 400, "euclidean")
    if weighted:
        mass = torch.rand(400, generator=torch.Generator().manual_seed(2)).round(decimals=1)
        whole_x = MMSpace(whole_x.points, weights=mass)
    expected = exact_gw(whole_x, whole_z)

    def lazy_effort(n: int) -> effort.Effort:
        return replace(
            effort.effort_of(n), polish=False, landmarks=200, coarse=None if weighted else 200
        )

    monkeypatch.setattr(exact, "effort_of", lazy_effort)
    monkeypatch.setattr(value, "WHOLE", 100)
    monkeypatch.setattr(gwae_spaces, "BLOCK_ENTRIES", 5_000)

    def fresh(space: MMSpace) -> MMSpace:
        assert space.points is not None
        return MMSpace(space.points.clone().requires_grad_(), weights=space.weights)

    x, z = fresh(whole_x), fresh(whole_z)
    result = exact_gw(x, z)
    assert "_d" not in vars(x) and "_d" not in vars(z)
    assert result.value.item() == pytest.approx(expected.value.item(), rel=0.05)
    # by blocks or whole, the value and the gradient of a coupling are the same
    reference = distortion(whole_x, whole_z, result.dense())
    torch.testing.assert_close(result.value, reference, rtol=1e-4, atol=1e-6)
    result.value.backward()
    for given, space in ((x, whole_x), (z, whole_z)):
        other = fresh(space)
        pair = (other, whole_z) if space is whole_x else (whole_x, other)
        distortion(*pair, result.dense()).backward()
        assert given.points is not None and other.points is not None
        torch.testing.assert_close(given.points.grad, other.points.grad, rtol=1e-3, atol=1e-6)
