"""One table for core's estimators: law x estimator x tolerance, on small problems.

The laws of the solvers behind them, with their options and costs, are in tests/solvers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gwae_core import distance
from gwae_core.errors import SpaceError
from gwae_core.interfaces import Estimator
from gwae_core.measure import estimator_config
from gwae_core.solvers import distortion
from gwae_core.spaces import GWResult, MMSpace, SparsePlan

ESTIMATORS: dict[str, dict[str, Any]] = {
    "paired": {"type": "paired"},
    "exact": {"type": "exact"},
    "entropic": {"type": "entropic", "epsilon": 0.2},
    "sliced": {"type": "sliced", "num_projections": 20},
    "first": {"type": "lower-bound", "bound": "first"},
    "second": {"type": "lower-bound", "bound": "second"},
    "third": {"type": "lower-bound", "bound": "third"},
    "gap": {"type": "gromov-monge-gap"},
}
BOUNDS = ("first", "second", "third")
GIVEN = ("paired", "gap")
"""They take row i with row i."""


class Subject:
    """An estimator, called with one seed and one ground cost."""

    def __init__(self, name: str, cost: str) -> None:
        self.name = name
        self.cost = cost
        built: Estimator = estimator_config(ESTIMATORS[name]).build()
        self.built = built.eval()
        self.given = name in GIVEN

    def __call__(
        self, x: Tensor, z: Tensor, p: Tensor | None = None, q: Tensor | None = None
    ) -> GWResult:
        spaces = (
            MMSpace(x, weights=p, cost=self.cost),
            MMSpace(z, weights=p if self.given else q, cost=self.cost),
        )
        return self.built(*spaces, generator=torch.Generator().manual_seed(0))


def points(n: int, p: int, seed: int) -> Tensor:
    """Skewed, with axes of unequal length, so that nothing is symmetric by chance."""
    generator = torch.Generator().manual_seed(seed)
    x = (torch.randn(n, p, generator=generator, dtype=torch.float64) / 2).exp()
    return x * torch.linspace(1, 2, p, dtype=x.dtype)


def weights(n: int, seed: int) -> Tensor:
    return torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.5


def moved(x: Tensor) -> Tensor:
    """A rotated and shifted copy."""
    generator = torch.Generator().manual_seed(5)
    square = torch.randn(x.shape[1], x.shape[1], generator=generator, dtype=x.dtype)
    return x @ torch.linalg.qr(square).Q + 7


def order(n: int) -> Tensor:
    return torch.randperm(n, generator=torch.Generator().manual_seed(3))


def close(a: Tensor, b: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * 1e-3)


def scale(x: Tensor, z: Tensor, cost: str) -> Tensor:
    """The value of the product coupling."""
    product = torch.full((len(x), len(z)), 1 / (len(x) * len(z)), dtype=x.dtype)
    return distortion(MMSpace(x, cost=cost), MMSpace(z, cost=cost), product)


X, Z, W = points(12, 3, 0), points(12, 2, 1), points(9, 2, 2)


def symmetry(estimate: Subject, tolerance: float) -> None:
    close(estimate(X, Z).value, estimate(Z, X).value, tolerance)
    if not estimate.given:
        close(estimate(X, W).value, estimate(W, X).value, tolerance)


def isometry(estimate: Subject, tolerance: float) -> None:
    close(estimate(moved(X), Z).value, estimate(X, Z).value, tolerance)
    close(estimate(X, moved(Z)).value, estimate(X, Z).value, tolerance)


def permutation_of_one_side(estimate: Subject, tolerance: float) -> None:
    close(estimate(X, Z[order(12)]).value, estimate(X, Z).value, tolerance)


def permutation_of_both_sides(estimate: Subject, tolerance: float) -> None:
    close(estimate(X[order(12)], Z[order(12)]).value, estimate(X, Z).value, tolerance)


def zero_on_aligned_copies(estimate: Subject, tolerance: float) -> None:
    assert estimate(X, moved(X)).value <= tolerance * scale(X, X, estimate.cost)


def zero_on_shuffled_copies(estimate: Subject, tolerance: float) -> None:
    assert estimate(X, moved(X)[order(12)]).value <= tolerance * scale(X, X, estimate.cost)


def never_negative(estimate: Subject, tolerance: float) -> None:
    for seed in range(5):
        x, z, p = points(7, 3, seed), points(7, 2, seed + 50), weights(7, seed)
        unit = scale(x, z, estimate.cost)
        for mass in (None, p):
            assert estimate(x, z, mass, weights(7, seed + 9)).value >= -tolerance * unit


def marginals(estimate: Subject, tolerance: float) -> None:
    p, q = weights(12, 1), weights(12, 2)
    result = estimate(X, Z, p, q)
    q = p if estimate.given else q
    assert result.marginal_error <= tolerance
    plan = result.dense()
    assert (plan >= 0).all() and not plan.requires_grad
    torch.testing.assert_close(plan.sum(1), p / p.sum(), rtol=0, atol=tolerance)
    torch.testing.assert_close(plan.sum(0), q / q.sum(), rtol=0, atol=tolerance)


def value_is_that_of_the_plan(estimate: Subject, tolerance: float) -> None:
    result = estimate(X, Z, weights(12, 1), weights(12, 2))
    spaces = (MMSpace(x, cost=estimate.cost) for x in (X, Z))
    close(result.value, distortion(*spaces, result.dense()), tolerance)


def one_point(estimate: Subject, tolerance: float) -> None:
    x = X[:1].clone().requires_grad_()
    for mass in (None, X.new_ones(1)):
        result = estimate(x, Z[:1], mass, mass)
        assert abs(float(result.value.detach())) <= tolerance
        (gradient,) = torch.autograd.grad(result.objective, x)
        assert torch.isfinite(gradient).all()


def unequal_sizes(estimate: Subject, tolerance: float) -> None:
    # three copies of four points against four of three: the same spaces, of equal sizes
    x, z = X[:4], Z[:3]
    equal = estimate(x.repeat(3, 1), z.repeat(4, 1)).value
    close(estimate(x, z).value, equal, tolerance)


def massless_points(estimate: Subject, tolerance: float) -> None:
    far = 1e3 * points(2, 3, 6)
    p, q = weights(12, 1), weights(12, 2)
    padded = torch.cat([p, p.new_zeros(2)])
    z = torch.cat([Z, far[:, :2]]) if estimate.given else Z
    result = estimate(torch.cat([X, far]), z, padded, q)
    close(result.value, estimate(X, Z, p, q).value, tolerance)
    if result.plan is not None:
        assert result.dense()[12:].abs().max() == 0


def duplicates(estimate: Subject, tolerance: float) -> None:
    x, z = X[:6], Z[:6]
    twice = torch.tensor([2.0, 2, 1, 1, 1, 1], dtype=torch.float64)
    doubled = torch.cat([x, x[:2]])
    other = torch.cat([z, z[:2]]) if estimate.given else z
    close(estimate(doubled, other).value, estimate(x, z, twice).value, tolerance)


def weights_have_no_unit(estimate: Subject, tolerance: float) -> None:
    p, q = weights(12, 1), weights(12, 2)
    close(estimate(X, Z, 100 * p, q / 7).value, estimate(X, Z, p, q).value, tolerance)
    uniform = torch.full((12,), 3.0, dtype=torch.float64)
    close(estimate(X, Z, uniform, uniform).value, estimate(X, Z).value, tolerance)


def float32(estimate: Subject, tolerance: float) -> None:
    # one dimension, since directions drawn in float32 are other directions
    x, z = (X[:, :1], Z[:, :1]) if estimate.name == "sliced" else (X, Z)
    single = estimate(x.float(), z.float())
    assert single.value.dtype == single.objective.dtype == torch.float32
    assert single.plan is None or single.dense().dtype == torch.float32
    close(single.value.double(), estimate(x, z).value, tolerance)


def repeatable(estimate: Subject, tolerance: float) -> None:
    close(estimate(X, Z).value, estimate(X, Z).value, tolerance)


def everyone(tolerance: float, **others: float) -> dict[str, float]:
    return {**dict.fromkeys(ESTIMATORS, tolerance), **others}


def but(names: tuple[str, ...], tolerances: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in tolerances.items() if name not in names}


# An estimator that is not named under a law does not keep it.
TABLE: dict[Callable[[Subject, float], None], dict[str, float]] = {
    symmetry: everyone(1e-6, entropic=1e-3),
    isometry: but(("sliced",), everyone(1e-6, entropic=1e-3)),
    permutation_of_one_side: but(GIVEN, everyone(1e-6, entropic=1e-3)),
    permutation_of_both_sides: everyone(1e-6, entropic=1e-3),
    zero_on_aligned_copies: but(("entropic", "sliced"), everyone(1e-9)),
    zero_on_shuffled_copies: dict.fromkeys(("exact", *BOUNDS), 1e-9),
    never_negative: everyone(0.0),
    marginals: dict.fromkeys(("paired", "exact", "entropic", "third", "gap"), 1e-8),
    value_is_that_of_the_plan: {"exact": 1e-9, "entropic": 1e-9},
    one_point: everyone(0.0),
    unequal_sizes: but(GIVEN, everyone(1e-6, entropic=1e-4)),
    massless_points: everyone(1e-6, entropic=1e-4),
    duplicates: everyone(1e-6, entropic=1e-4),
    weights_have_no_unit: everyone(1e-6),
    float32: everyone(1e-4, entropic=1e-3),
    repeatable: everyone(0.0),
}
CASES = [
    pytest.param(law, name, tolerance, id=f"{law.__name__}-{name}")
    for law, tolerances in TABLE.items()
    for name, tolerance in tolerances.items()
]


def costs(name: str) -> tuple[str, ...]:
    return ("sqeuclidean",) if name == "sliced" else ("euclidean", "sqeuclidean")


@pytest.mark.parametrize("law, name, tolerance", CASES)
def test_laws(law: Callable[[Subject, float], None], name: str, tolerance: float) -> None:
    for cost in costs(name):
        law(Subject(name, cost), tolerance)


@pytest.mark.parametrize(
    "law, name",
    [
        (isometry, "sliced"),
        (permutation_of_one_side, "paired"),
        (permutation_of_one_side, "gap"),
        (zero_on_shuffled_copies, "paired"),
        (zero_on_shuffled_copies, "sliced"),
        (zero_on_shuffled_copies, "gap"),
        (zero_on_aligned_copies, "sliced"),
        (zero_on_aligned_copies, "entropic"),
    ],
)
def test_what_is_not_in_the_table_is_not_kept(
    law: Callable[[Subject, float], None], name: str
) -> None:
    assert name not in TABLE[law]
    for cost in costs(name):
        with pytest.raises(AssertionError):
            law(Subject(name, cost), 1e-2)


@pytest.mark.parametrize("name", GIVEN)
def test_unequal_sizes_are_refused_where_the_coupling_is_given(name: str) -> None:
    with pytest.raises(SpaceError, match="12 and 9 points"):
        Subject(name, "euclidean")(X, W)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_nan_is_refused_at_the_public_doors(name: str) -> None:
    broken = X.clone()
    broken[3, 1] = torch.nan
    with pytest.raises(SpaceError, match="points hold NaN or inf"):
        MMSpace.checked(broken)
    with pytest.raises(SpaceError, match="x: points hold NaN or inf"):
        distance(broken, Z, estimator=ESTIMATORS[name])
    with pytest.raises(SpaceError, match="weights hold NaN or inf"):
        distance(X, Z, estimator=ESTIMATORS[name], weights_z=broken[:, 1])


def feasible_plans(p: Tensor, q: Tensor) -> list[Tensor]:
    """The product, random couplings by scaling, and corners of the polytope in random order."""
    generator = torch.Generator().manual_seed(0)
    plans = [torch.outer(p, q)]
    for sharpness in (1.0, 5.0, 20.0):
        noise = torch.randn(len(p), len(q), generator=generator, dtype=p.dtype)
        plan = (sharpness * noise).exp()
        for _ in range(500):
            plan = plan * (p / plan.sum(1))[:, None]
            plan = plan * (q / plan.sum(0))
        # what scaling misses of the rows is spread as the product is
        rows = (p / plan.sum(1)).clamp(max=1)
        plan = plan * rows[:, None]
        plan = plan * (q / plan.sum(0)).clamp(max=1)
        missing_p, missing_q = p - plan.sum(1), q - plan.sum(0)
        rest = missing_p.sum().clamp(min=torch.finfo(p.dtype).tiny)
        plans.append(plan + torch.outer(missing_p, missing_q) / rest)
    for _ in range(5):
        rows, cols = (torch.randperm(len(w), generator=generator) for w in (p, q))
        ends = [torch.cat([w.new_zeros(1), w[i].cumsum(0)]) for w, i in ((p, rows), (q, cols))]
        (a, b), (c, d) = ((e[:-1], e[1:]) for e in ends)
        overlap = torch.minimum(b[:, None], d[None]) - torch.maximum(a[:, None], c[None])
        corner = torch.zeros(len(p), len(q), dtype=p.dtype)
        corner[rows[:, None], cols[None]] = overlap.clamp(min=0)
        plans.append(corner)
    return plans


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("mass", ["uniform", "weighted"])
def test_a_lower_bound_is_below_every_feasible_plan(cost: str, bound: str, mass: str) -> None:
    for other in (Z, W):
        p, q = (weights(12, 1), weights(len(other), 2)) if mass == "weighted" else (None, None)
        x, z = MMSpace(X, weights=p, cost=cost), MMSpace(other, weights=q, cost=cost)
        below = Subject(bound, cost)(X, other, p, q).value
        plans: list[Tensor | SparsePlan | None] = list(feasible_plans(x.mass, z.mass))
        plans += [Subject(name, cost)(X, other, p, q).plan for name in ("exact", "entropic")]
        if other is Z and p is None:
            plans += [None]  # the identity
            plans += [torch.eye(12, dtype=X.dtype)[order(12)] / 12]
        for plan in plans:
            if isinstance(plan, Tensor):
                torch.testing.assert_close(plan.sum(1), x.mass)
                torch.testing.assert_close(plan.sum(0), z.mass)
            assert below <= distortion(x, z, plan) * (1 + 1e-9)


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
def test_the_third_bound_is_the_largest(cost: str) -> None:
    for other in (Z, W):
        first, second, third = (Subject(bound, cost)(X, other).value for bound in BOUNDS)
        assert third >= first and third >= second


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
def test_the_gap_is_paired_less_exact_and_never_negative(cost: str) -> None:
    for seed in range(20):
        x = points(10, 3, seed)
        for z in (points(10, 2, seed + 50), moved(x), x[:, :2], 2 * x):
            gap = Subject("gap", cost)(x, z)
            assert gap.value >= 0
            rest = Subject("paired", cost)(x, z).value - Subject("exact", cost)(x, z).value
            assert gap.value >= rest - 1e-9 * scale(x, z, cost)
