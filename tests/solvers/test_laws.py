"""Laws that every solver of the Gromov-Wasserstein problem keeps: solver x law x tolerance."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gwae_core.solvers import distortion, entropic_gw, exact_gw, lower_bound, sliced_gw
from gwae_core.spaces import GWResult, MMSpace

Solver = Callable[[MMSpace, MMSpace], GWResult]


def sliced(x: MMSpace, z: MMSpace) -> GWResult:
    return sliced_gw(x, z, n_projections=20, generator=torch.Generator().manual_seed(0))


def turned(x: MMSpace, z: MMSpace) -> GWResult:
    generator = torch.Generator().manual_seed(0)
    return sliced_gw(x, z, n_projections=20, rotation_invariant=True, generator=generator)


def entropic(x: MMSpace, z: MMSpace) -> GWResult:
    return entropic_gw(x, z, epsilon=0.1, tol=1e-6, max_iter=100)


SOLVERS: dict[str, Solver] = {
    "exact": exact_gw,
    "entropic": entropic,
    "sliced": sliced,
    "sliced-turned": turned,
    "lower-first": lambda x, z: lower_bound(x, z, kind="first"),
    "lower-second": lambda x, z: lower_bound(x, z, kind="second"),
    "lower-third": lambda x, z: lower_bound(x, z, kind="third"),
}
# law -> solver -> relative tolerance; a solver that is not named does not keep the law
SYMMETRY = {"exact": 1e-6, "entropic": 1e-3, "sliced": 1e-9, "sliced-turned": 1e-9} | {
    f"lower-{kind}": 1e-9 for kind in ("first", "second", "third")
}
ISOMETRY = {name: tol for name, tol in SYMMETRY.items() if name != "sliced"}
PERMUTATION = SYMMETRY
ZERO_ON_COPIES = {name: 1e-9 for name in SOLVERS if name not in ("entropic", "sliced")}
COSTS = ("euclidean", "sqeuclidean")


def points(n: int, p: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, p, generator=generator, dtype=torch.float64)
    x = (x / 2).exp()  # skewed, so that nothing is symmetric
    return x * torch.linspace(1, 2, p, dtype=x.dtype)


def rotation(p: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(p, p, generator=generator, dtype=torch.float64))[0]


def close(a: Tensor, b: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * 1e-3)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("name", "tolerance"), SYMMETRY.items())
@pytest.mark.parametrize(("n", "m"), [(12, 12), (12, 9)])
def test_symmetry(name: str, tolerance: float, cost: str, n: int, m: int) -> None:
    x, z = MMSpace(points(n, 3, 0), cost=cost), MMSpace(points(m, 2, 1), cost=cost)
    solve = SOLVERS[name]
    close(solve(x, z).value, solve(z, x).value, tolerance)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("name", "tolerance"), ISOMETRY.items())
def test_invariance_under_isometry(name: str, tolerance: float, cost: str) -> None:
    x, z = points(14, 3, 0), points(14, 2, 1)
    moved = x @ rotation(3, 5) + 7
    solve = SOLVERS[name]
    before = solve(MMSpace(x, cost=cost), MMSpace(z, cost=cost)).value
    after = solve(MMSpace(moved, cost=cost), MMSpace(z, cost=cost)).value
    close(before, after, tolerance)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("name", "tolerance"), PERMUTATION.items())
def test_invariance_under_permutation_of_one_side(name: str, tolerance: float, cost: str) -> None:
    x, z = points(14, 3, 0), points(14, 2, 1)
    order = torch.randperm(14, generator=torch.Generator().manual_seed(3))
    solve = SOLVERS[name]
    before = solve(MMSpace(x, cost=cost), MMSpace(z, cost=cost)).value
    after = solve(MMSpace(x, cost=cost), MMSpace(z[order], cost=cost)).value
    close(before, after, tolerance)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("name", "tolerance"), ZERO_ON_COPIES.items())
@pytest.mark.parametrize("n", [5, 40])
def test_zero_on_isometric_copies(name: str, tolerance: float, cost: str, n: int) -> None:
    x = points(n, 3, 0)
    copy = (x @ rotation(3, 5) + 7)[torch.randperm(n, generator=torch.Generator().manual_seed(3))]
    a, b = MMSpace(x, cost=cost), MMSpace(copy, cost=cost)
    scale = distortion(a, b, torch.full((n, n), 1 / n**2, dtype=x.dtype))
    assert SOLVERS[name](a, b).value <= tolerance * scale


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("cost", [*COSTS, "cosine"])
def test_non_negative_and_marginals(name: str, cost: str) -> None:
    x = MMSpace(points(10, 3, 0), cost=cost, weights=points(10, 1, 4)[:, 0])
    z = MMSpace(points(8, 2, 1), cost=cost, weights=points(8, 1, 5)[:, 0])
    result = SOLVERS[name](x, z)
    assert result.value >= 0 and result.marginal_error < 1e-8
    if result.plan is not None:
        torch.testing.assert_close(result.dense().sum(1), x.mass, atol=1e-8, rtol=0)
        torch.testing.assert_close(result.dense().sum(0), z.mass, atol=1e-8, rtol=0)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_one_point_against_one_and_against_many(name: str, weighted: bool) -> None:
    weights = torch.ones(1, dtype=torch.float64) if weighted else None
    one = MMSpace(points(1, 3, 0).requires_grad_(), weights=weights)
    result = SOLVERS[name](one, MMSpace(points(1, 2, 1)))
    assert result.value == 0
    assert one.points is not None
    (gradient,) = torch.autograd.grad(result.objective, one.points)
    assert (gradient == 0).all()
    if name not in ("sliced", "sliced-turned"):  # there is one coupling, the product
        many = MMSpace(points(6, 2, 1))
        expected = many.d.square().mean()
        value = SOLVERS[name](one, many).value
        assert 0 < value <= expected * (1 + 1e-9)
        if name in ("exact", "entropic"):
            close(value, expected, 1e-9)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("cost", COSTS)
def test_massless_points_do_not_count(name: str, cost: str) -> None:
    x, z, weights = points(9, 3, 0), points(8, 2, 1), points(9, 1, 2)[:, 0]
    extra = torch.cat([x, 1e3 * points(2, 3, 6)])
    padded = torch.cat([weights, weights.new_zeros(2)])
    target = MMSpace(z, cost=cost)
    solve = SOLVERS[name]
    without = solve(MMSpace(x, weights=weights, cost=cost), target)
    result = solve(MMSpace(extra, weights=padded, cost=cost), target)
    close(result.value, without.value, 1e-6)
    if result.plan is not None:
        assert result.dense().shape == (11, 8)
        assert (result.dense()[9:] == 0).all()


@pytest.mark.parametrize("name", SOLVERS)
def test_duplicates_equal_weights(name: str) -> None:
    x, z = points(6, 3, 0), points(7, 2, 1)
    doubled = MMSpace(torch.cat([x, x[:2]]))
    weighted = MMSpace(x, weights=torch.tensor([2.0, 2, 1, 1, 1, 1], dtype=x.dtype))
    solve = SOLVERS[name]
    close(solve(doubled, MMSpace(z)).value, solve(weighted, MMSpace(z)).value, 1e-5)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("cost", COSTS)
def test_float32_agrees_with_float64_and_keeps_its_type(name: str, cost: str) -> None:
    x, z = points(30, 3, 0), points(30, 2, 1)
    spaces = MMSpace(x.float(), cost=cost), MMSpace(z.float(), cost=cost)
    if name.startswith("sliced"):  # float32 and float64 draw different directions
        x, z = x[:, :1], z[:, :1]
        spaces = MMSpace(x.float()), MMSpace(z.float())
    single = SOLVERS[name](*spaces)
    double = SOLVERS[name](MMSpace(x, cost=cost), MMSpace(z, cost=cost))
    assert single.value.dtype == torch.float32
    close(single.value.double(), double.value, 1e-3 if name == "entropic" else 1e-4)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("kind", ["first", "second", "third"])
@pytest.mark.parametrize("weighted", [False, True])
def test_lower_bounds_are_below_every_coupling(cost: str, kind: str, weighted: bool) -> None:
    weights = points(10, 1, 3)[:, 0] if weighted else None
    x, z = (
        MMSpace(points(10, 3, 0), weights=weights, cost=cost),
        MMSpace(points(7, 2, 1), cost=cost),
    )
    bound = lower_bound(x, z, kind=kind).value  # type: ignore[arg-type]
    product = torch.outer(x.mass, z.mass)
    for plan in (exact_gw(x, z).dense(), entropic(x, z).dense(), product):
        assert bound <= distortion(x, z, plan) * (1 + 1e-9)


@pytest.mark.parametrize("name", SOLVERS)
def test_same_input_same_result(name: str) -> None:
    x, z = MMSpace(points(20, 3, 0)), MMSpace(points(20, 2, 1))
    assert torch.equal(SOLVERS[name](x, z).value, SOLVERS[name](x, z).value)
