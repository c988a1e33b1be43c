"""Lifted Gromov-Wasserstein: its value, its laws, its gradients."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from gwae_geomloss import Geomloss
from gwae_geomloss.lifted import lift
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.solvers import distortion, entropic_gw
from gwae_core.solvers.moments import moments_of
from gwae_core.spaces import GWResult, MMSpace, pairwise_distances

EPSILON = 0.3
SOLVER = Geomloss.Config(
    epsilon=EPSILON, updates=2, annealing=10, tolerance=1e-9, max_iter=500, scalings=2000
).build()


def points(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def weights(n: int, seed: int = 0) -> Tensor:
    w = torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.2
    return w / w.sum()


def space(points: Tensor, weights: Tensor | None = None, cost: str = "sqeuclidean") -> MMSpace:
    return MMSpace(points, weights=weights, cost=cost)


def solve(x: Tensor, z: Tensor) -> GWResult:
    result: GWResult = SOLVER(space(x), space(z))
    return result


def test_lifted_distances_are_the_linear_cost() -> None:
    x, z = moments_of(points(6, 4), weights(6)), moments_of(points(5, 2, 1), weights(5))
    gamma = points(4, 2, 2)
    found = pairwise_distances(*lift(x, z, gamma), cost="sqeuclidean")
    cost = -4 * torch.outer(x.norms, z.norms) - 16 * x.x @ gamma @ z.x.T
    # equal up to terms of one index, which double centring removes
    for matrix in (found, cost):
        matrix -= matrix.mean(0)
        matrix -= matrix.mean(1, keepdim=True)
    torch.testing.assert_close(found, cost)


@pytest.mark.parametrize("cost", ["sqeuclidean", "cosine"])
@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_objective_are_those_of_core(cost: str, weighted: bool) -> None:
    p, q = (weights(9), weights(7, 1)) if weighted else (None, None)
    x, z = space(points(9, 4) + 1, p, cost), space(points(7, 3, 1), q, cost)
    found = SOLVER(x, z)
    expected = entropic_gw(x, z, epsilon=EPSILON, tol=1e-11, max_iter=5000)
    assert found.converged
    torch.testing.assert_close(found.objective, expected.objective, rtol=1e-7, atol=0)
    torch.testing.assert_close(found.value, distortion(x, z, found.dense()), rtol=1e-9, atol=0)
    torch.testing.assert_close(found.dense(), expected.dense(), rtol=0, atol=1e-6)


def test_the_default_accuracy_in_float32() -> None:
    x, z = points(64, 5), points(64, 3, 1)
    found = Geomloss.Config(epsilon=0.2).build()(space(x.float()), space(z.float()))
    expected = entropic_gw(space(x), space(z), epsilon=0.2)
    assert found.value.dtype == found.dense().dtype == torch.float32
    assert found.converged
    assert found.marginal_error < 2e-3
    # of first order in the marginal error, since the coupling is not quite feasible
    assert float(found.objective) == pytest.approx(float(expected.objective), rel=2e-3)


def test_marginals_and_sizes() -> None:
    p, q = weights(9), weights(5, 1)
    result = SOLVER(space(points(9, 3), p), space(points(5, 2, 1), q))
    assert bool((result.dense() >= 0).all())
    torch.testing.assert_close(result.dense().sum(1), p, rtol=0, atol=1e-8)
    torch.testing.assert_close(result.dense().sum(0), q, rtol=0, atol=1e-8)
    assert result.marginal_error < 1e-8


def test_invariant_under_isometry_permutation_and_exchange_of_sides() -> None:
    x, z = points(10, 3), points(10, 2, 1)
    rotation = torch.linalg.qr(points(3, 3, 2)).Q
    order = torch.randperm(10, generator=torch.Generator().manual_seed(3))
    first = solve(x, z).objective
    for other in (solve(x @ rotation + 2, z), solve(x[order], z), solve(z, x)):
        torch.testing.assert_close(first, other.objective, rtol=1e-6, atol=0)


def test_scale_of_the_data_does_not_matter() -> None:
    x, z = points(8, 3), points(8, 2, 1)
    first, scaled = solve(x, z), solve(1e3 * x, 1e3 * z)
    torch.testing.assert_close(first.dense(), scaled.dense(), rtol=0, atol=1e-7)


def test_points_without_weight_do_not_count() -> None:
    x, z, p = points(8, 3), points(6, 2, 1), weights(8)
    p[2] = 0
    keep = p > 0
    whole, part = SOLVER(space(x, p), space(z)), SOLVER(space(x[keep], p[keep]), space(z))
    torch.testing.assert_close(whole.objective, part.objective, rtol=1e-8, atol=0)
    assert bool((whole.dense()[2] == 0).all())


def test_a_point_of_weight_two_is_two_points() -> None:
    x, z = points(5, 3), points(5, 2, 1)
    twice = torch.tensor([0, 0, 1, 2, 3, 4])
    p = torch.tensor([2.0, 1, 1, 1, 1], dtype=torch.float64) / 6
    weighted = SOLVER(space(x, p), space(z))
    torch.testing.assert_close(solve(x[twice], z).objective, weighted.objective, rtol=1e-7, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_spaces_without_extent(dtype: torch.dtype) -> None:
    x = points(4, 3).to(dtype)
    for first, second in ((x[:1], x[:1, :2]), (x, torch.zeros(3, 2, dtype=dtype)), (x * 0, x * 0)):
        leaf = first.clone().requires_grad_()
        result = solve(leaf, second)
        result.objective.backward()
        assert bool(torch.isfinite(result.objective))
        assert leaf.grad is not None and bool(torch.isfinite(leaf.grad).all())
    assert float(solve(x[:1], x[:1, :2]).value) == 0


def test_the_plan_may_be_left_out() -> None:
    x, z = space(points(8, 3)), space(points(8, 2, 1))
    without = Geomloss.Config(dense_plan=False).build()(x, z)
    assert without.plan is None
    torch.testing.assert_close(without.objective, Geomloss.Config().build()(x, z).objective)


def test_an_early_stop_is_a_field() -> None:
    x, z = space(points(20, 3)), space(points(20, 2, 1))
    assert not Geomloss.Config(max_iter=1).build()(x, z).converged
    assert not Geomloss.Config(annealing=1, scalings=1).build()(x, z).converged


def test_what_cannot_be_solved_is_refused() -> None:
    x = points(4, 2)
    bad = x.clone()
    bad[1, 1] = torch.nan
    with pytest.raises(SpaceError, match="NaN"):
        solve(bad, x)
    with pytest.raises(SpaceError, match="negative"):
        SOLVER(space(x, torch.tensor([1.0, -1, 1, 1]).double()), space(x))
    with pytest.raises(SpaceError, match="rho 1"):
        SOLVER(space(x), space(x), rho=1.0)
    for other in (MMSpace(x), MMSpace(distances=torch.zeros(4, 4).double())):
        with pytest.raises(SpaceError, match="sqeuclidean") as caught:
            SOLVER(space(x), other)
        assert "entropic" in (caught.value.hint or "")


def difference(f: Callable[[Tensor], Tensor], at: Tensor, step: float = 1e-5) -> Tensor:
    gradient = torch.zeros_like(at).flatten()
    for i in range(gradient.numel()):
        for sign in (1, -1):
            moved = at.detach().clone()
            moved.view(-1)[i] += sign * step
            gradient[i] += sign * f(moved).item() / (2 * step)
    return gradient.view_as(at)


@pytest.mark.parametrize(("cost", "d_x"), [("sqeuclidean", 3), ("sqeuclidean", 7), ("cosine", 3)])
def test_gradients_agree_with_finite_differences(cost: str, d_x: int) -> None:
    # with d_x = 7 > n the moments pass through the Gram matrix
    inputs = [points(4, d_x) + 0.5, points(3, 2, 1), weights(4) * 3, weights(3, 1) * 2]

    def spaces(*tensors: Tensor) -> tuple[MMSpace, MMSpace]:
        return space(tensors[0], tensors[2], cost), space(tensors[1], tensors[3], cost)

    @torch.no_grad()
    def product_value(x: MMSpace, z: MMSpace) -> float:
        return float(distortion(x, z, torch.outer(x.mass, z.mass)))

    strength = product_value(*spaces(*inputs))

    def objective(*tensors: Tensor) -> Tensor:
        both = spaces(*tensors)
        # the gradient is that at fixed absolute strength of the regulariser
        epsilon = strength / product_value(*both)
        config = Geomloss.Config(
            epsilon=epsilon, updates=1, annealing=10, tolerance=1e-8, scalings=2000
        )
        result: GWResult = config.build()(*both)
        assert result.converged
        return result.objective

    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    gradients = torch.autograd.grad(objective(*leaves), leaves)
    for k, gradient in enumerate(gradients):
        expected = difference(
            lambda moved, k=k: objective(*inputs[:k], moved, *inputs[k + 1 :]),  # type: ignore[misc]
            inputs[k],
        )
        scale = float(expected.abs().max())
        torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-5 * scale)
