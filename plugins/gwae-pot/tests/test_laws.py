"""What holds for each estimator of the plugin, over random problems."""

from __future__ import annotations

import pytest
import torch
from gwae_pot import POTEntropic, POTExact, POTFused, POTPartial, POTSemirelaxed
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.interfaces import Estimator
from gwae_core.spaces import GWResult, MMSpace

MASS = 0.7
ESTIMATORS: dict[str, Estimator] = {
    "exact": POTExact.Config().build(),
    "entropic": POTEntropic.Config(epsilon=0.5, tolerance=1e-8, sinkhorn_max_iter=1000).build(),
    "ppa": POTEntropic.Config(
        method="ppa", epsilon=0.5, tolerance=1e-6, max_iter=100, sinkhorn_max_iter=200
    ).build(),
    "semirelaxed": POTSemirelaxed.Config().build(),
    "partial": POTPartial.Config(mass=MASS).build(),
    "fused": POTFused.Config().build(),
    "pairs": POTFused.Config(features="pairs").build(),
}
BOTH = ("exact", "entropic", "ppa", "fused")
"""Estimators that hold both marginals, whatever the sizes."""
ALL = pytest.mark.parametrize("name", ESTIMATORS)
HELD = {name: 1e-2 if name == "ppa" else 1e-8 for name in ESTIMATORS}
"""How well marginals are held: proximal steps make Sinkhorn's iterations slower and slower."""


def points(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def weights(n: int, seed: int = 0) -> Tensor:
    w = torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.2
    return w / w.sum()


def solve(name: str, x: Tensor, z: Tensor, cost: str = "euclidean") -> GWResult:
    return ESTIMATORS[name](MMSpace(x, cost=cost), MMSpace(z, cost=cost))


def brute_force(x: MMSpace, z: MMSpace, plan: Tensor) -> float:
    gap = (x.d[:, :, None, None] - z.d[None, None]).square()  # i, j, k, l
    return float(torch.einsum("ijkl,ik,jl->", gap, plan, plan))


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean", "cosine"])
@ALL
def test_value_is_the_quadruple_sum_at_the_plan(name: str, cost: str) -> None:
    x, z = MMSpace(points(7, 4), cost=cost), MMSpace(points(7, 3, 1) + 1, cost=cost)
    result = ESTIMATORS[name](x, z)
    assert float(result.value) == pytest.approx(brute_force(x, z, result.dense()), rel=1e-9)
    assert float(result.value) >= 0
    assert result.converged or name == "ppa"
    assert result.n_iter >= 1


@ALL
def test_marginals(name: str) -> None:
    p, q = weights(8), weights(8, 1)
    x, z = MMSpace(points(8, 4), weights=p), MMSpace(points(8, 2, 1), weights=q)
    result = ESTIMATORS[name](x, z)
    plan = result.dense()
    assert bool((plan >= 0).all())
    if name == "partial":
        assert bool((plan.sum(1) <= p + 1e-12).all() and (plan.sum(0) <= q + 1e-12).all())
        assert float(plan.sum()) == pytest.approx(MASS)
    else:
        torch.testing.assert_close(plan.sum(1), p, rtol=0, atol=HELD[name])
        if name != "semirelaxed":
            torch.testing.assert_close(plan.sum(0), q, rtol=0, atol=HELD[name])
    assert result.marginal_error < 10 * HELD[name]


@ALL
def test_one_point(name: str) -> None:
    z = points(1, 2).requires_grad_()
    result = solve(name, points(1, 4), z)
    result.objective.backward()
    assert float(result.value.detach()) == 0
    assert z.grad is not None and bool((z.grad == 0).all())


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "pairs"])
def test_unequal_sizes(name: str) -> None:
    result = solve(name, points(9, 3), points(5, 2, 1))
    assert result.dense().shape == (9, 5)
    one = solve(name, points(9, 3), points(1, 2, 1))
    assert one.dense().shape == (9, 1)


@ALL
def test_invariant_under_isometry(name: str) -> None:
    x, z = points(10, 3), points(10, 2, 1)
    rotation = torch.linalg.qr(points(3, 3, 2)).Q
    first, moved = solve(name, x, z), solve(name, x @ rotation + 2, z)
    torch.testing.assert_close(first.objective, moved.objective, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "pairs"])
def test_invariant_under_a_permutation_of_one_side(name: str) -> None:
    x, z = points(10, 3), points(10, 2, 1)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(3))
    first, moved = solve(name, x, z), solve(name, x[order], z)
    torch.testing.assert_close(first.objective, moved.objective, rtol=1e-6, atol=0)
    torch.testing.assert_close(first.dense()[order], moved.dense(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", BOTH)
def test_symmetric(name: str) -> None:
    x, z = points(10, 3), points(10, 2, 1)
    rtol = 1e-4 if name == "ppa" else 1e-6
    torch.testing.assert_close(
        solve(name, x, z).objective, solve(name, z, x).objective, rtol=rtol, atol=0
    )


@pytest.mark.parametrize("name", ["exact", "semirelaxed", "partial", "fused", "pairs"])
def test_zero_on_an_isometric_copy(name: str) -> None:
    # three points of a generic triangle, so that the local optimum is the global one
    x = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    result = solve(name, x, -x + 5)
    assert float(result.objective) < 1e-12


@ALL
def test_points_without_weight_do_not_count(name: str) -> None:
    x, z = points(8, 3), points(8, 2, 1)
    p = weights(8)
    p[2] = 0
    q = weights(8, 1)
    if name in ("pairs", "semirelaxed"):  # rows belong together; z's weights are free
        z, q = (z, p) if name == "pairs" else (z, q)
    else:
        q[5] = 0
    keep_x, keep_z = p > 0, q > 0
    if name == "semirelaxed":
        keep_z = torch.ones(8, dtype=torch.bool)
    whole = ESTIMATORS[name](MMSpace(x, weights=p), MMSpace(z, weights=q))
    part = ESTIMATORS[name](
        MMSpace(x[keep_x], weights=p[keep_x]), MMSpace(z[keep_z], weights=q[keep_z])
    )
    torch.testing.assert_close(whole.objective, part.objective, rtol=1e-9, atol=1e-12)
    assert bool((whole.dense()[~keep_x] == 0).all() and (whole.dense()[:, ~keep_z] == 0).all())


@pytest.mark.parametrize("name", ["entropic", "ppa"])
def test_a_point_of_weight_two_is_two_points(name: str) -> None:
    x, z = points(5, 3), points(5, 2, 1)
    twice = torch.tensor([0, 0, 1, 2, 3, 4])
    p = torch.tensor([2.0, 1, 1, 1, 1], dtype=torch.float64) / 6
    repeated = ESTIMATORS[name](MMSpace(x[twice]), MMSpace(z))
    weighted = ESTIMATORS[name](MMSpace(x, weights=p), MMSpace(z))
    torch.testing.assert_close(repeated.objective, weighted.objective, rtol=1e-6, atol=0)


@ALL
def test_duplicates_and_a_space_without_extent(name: str) -> None:
    x = points(6, 3)[torch.tensor([0, 0, 0, 1, 2, 3])]
    for other in (points(6, 2, 1), torch.zeros(6, 2, dtype=torch.float64)):
        leaf = x.clone().requires_grad_()
        result = solve(name, leaf, other)
        result.objective.backward()
        assert bool(torch.isfinite(result.objective))
        assert leaf.grad is not None and bool(torch.isfinite(leaf.grad).all())


@ALL
def test_scale_of_the_data_changes_neither_plan_nor_convergence(name: str) -> None:
    x, z = points(8, 3), points(8, 2, 1)
    for scale in (1e-4, 1e4):
        first, scaled = solve(name, x, z), solve(name, scale * x, scale * z)
        torch.testing.assert_close(first.dense(), scaled.dense(), rtol=0, atol=1e-6)
        ratio = float(scaled.objective) / float(first.objective)
        assert ratio == pytest.approx(scale**2, rel=1e-6)


@ALL
def test_float32_agrees_with_float64(name: str) -> None:
    x, z = points(12, 3), points(12, 2, 1)
    double, single = solve(name, x, z), solve(name, x.float(), z.float())
    assert single.value.dtype == single.dense().dtype == torch.float32
    assert float(single.objective) == pytest.approx(float(double.objective), rel=1e-4)


@ALL
def test_what_cannot_be_solved_is_refused(name: str) -> None:
    x = points(4, 2)
    bad = x.clone()
    bad[1, 1] = torch.nan
    with pytest.raises(SpaceError, match="NaN") as caught:
        solve(name, bad, x)
    assert caught.value.hint
    with pytest.raises(SpaceError, match="negative"):
        ESTIMATORS[name](MMSpace(x, weights=torch.tensor([1.0, -1, 1, 1]).double()), MMSpace(x))
    with pytest.raises(SpaceError, match="rho 1; allowed: 2"):
        ESTIMATORS[name](MMSpace(x), MMSpace(x), rho=1.0)


def test_an_early_stop_is_a_field() -> None:
    x, z = MMSpace(points(20, 3)), MMSpace(points(20, 2, 1))
    for config in (
        POTExact.Config(max_iter=1),
        POTSemirelaxed.Config(max_iter=1),
        POTFused.Config(max_iter=1),
        POTEntropic.Config(max_iter=1),
        POTEntropic.Config(sinkhorn_max_iter=1),
    ):
        assert not config.build()(x, z).converged


@pytest.mark.parametrize("method", ["pgd", "ppa"])
def test_an_underflow_is_an_error_with_a_remedy(method: str) -> None:
    # POT returns a coupling without mass, whose value is zero
    config = POTEntropic.Config(epsilon=1e-4, method=method, max_iter=20)
    with pytest.raises(SpaceError, match="underflowed") as caught:
        config.build()(MMSpace(points(6, 2)), MMSpace(points(6, 2, 1)))
    assert "entropic" in (caught.value.hint or "")


def test_a_proximal_point_is_below_the_entropic_value() -> None:
    x, z = points(12, 3), points(12, 2, 1)
    assert float(solve("ppa", x, z).value) < float(solve("entropic", x, z).value)


def test_partial_leaves_an_outlier_out() -> None:
    x = points(10, 2)
    z = torch.cat([x, torch.full((1, 2), 50.0, dtype=torch.float64)])
    plan = POTPartial.Config(mass=10 / 11).build()(MMSpace(x), MMSpace(z)).dense()
    assert float(plan[:, -1].sum()) < 1e-12


def test_all_mass_is_the_whole_problem() -> None:
    x, z = MMSpace(points(10, 3)), MMSpace(points(10, 2, 1))
    partial, whole = POTPartial.Config(mass=1.0).build()(x, z), ESTIMATORS["exact"](x, z)
    torch.testing.assert_close(partial.value, whole.value, rtol=1e-9, atol=0)
