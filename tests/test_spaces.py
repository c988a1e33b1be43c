"""Laws of ground costs and metric-measure spaces, against brute force."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest
import torch
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.spaces import GROUND_COSTS, GWResult, MMSpace, SparsePlan, pairwise_distances


def points(n: int, p: int, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(n, p, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def brute_force(x: Tensor, y: Tensor, cost: str) -> Tensor:
    if cost == "cosine":
        return torch.stack([1 - torch.cosine_similarity(a[None], y) for a in x])
    squared = (x[:, None] - y[None]).square().sum(-1)
    return squared if cost == "sqeuclidean" else squared.sqrt()


@pytest.mark.parametrize("cost", GROUND_COSTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_distances_equal_brute_force(cost: str, dtype: torch.dtype) -> None:
    x, y = points(13, 5, dtype=dtype) + 3, points(9, 5, seed=1, dtype=dtype)
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    within, between = pairwise_distances(x, cost=cost), pairwise_distances(x, y, cost=cost)
    assert within.dtype == dtype and between.shape == (13, 9)
    off = ~torch.eye(13, dtype=torch.bool)
    torch.testing.assert_close(
        within[off], brute_force(x, x, cost)[off], rtol=tolerance, atol=tolerance
    )
    torch.testing.assert_close(between, brute_force(x, y, cost), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("cost", GROUND_COSTS)
def test_diagonal_is_exactly_zero_and_matrix_symmetric(cost: str) -> None:
    d = pairwise_distances(points(50, 784, dtype=torch.float32), cost=cost)
    assert (d.diagonal() == 0).all()
    torch.testing.assert_close(d, d.T, rtol=0, atol=1e-4)


def nearly_equal_images() -> Tensor:
    return 0.5 + 1e-3 * points(20, 3 * 32 * 32, dtype=torch.float32)


def relative_error(d: Tensor, x: Tensor) -> float:
    reference = brute_force(x.double(), x.double(), "euclidean")
    off = ~torch.eye(len(x), dtype=torch.bool)
    return float(((d.double() - reference).abs() / reference)[off].max())


def test_nearly_equal_images_keep_their_distances_in_float32() -> None:
    x = nearly_equal_images()
    assert relative_error(pairwise_distances(x), x) < 1e-4


def test_the_uncentred_gram_matrix_would_lose_them() -> None:
    x = nearly_equal_images()
    gram = x @ x.T
    n = gram.diagonal()
    uncentred = (n[:, None] + n[None] - 2 * gram).clamp(min=1e-30).sqrt()
    assert relative_error(uncentred, x) > 1e-2


@pytest.mark.parametrize("cost", GROUND_COSTS)
def test_first_and_second_derivatives(cost: str) -> None:
    x, y = points(4, 3).requires_grad_(), points(3, 3, seed=1).requires_grad_()
    within = lambda a: pairwise_distances(a, cost=cost)  # noqa: E731
    between = lambda a, b: pairwise_distances(a, b, cost=cost)  # noqa: E731
    assert torch.autograd.gradcheck(within, (x,))
    assert torch.autograd.gradgradcheck(within, (x,))
    assert torch.autograd.gradcheck(between, (x, y))
    assert torch.autograd.gradgradcheck(between, (x, y))


@pytest.mark.parametrize("cost", GROUND_COSTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_at_zero_distance_are_zero(cost: str, dtype: torch.dtype) -> None:
    x = points(1, 7, dtype=dtype).repeat(4, 1).requires_grad_()
    d = pairwise_distances(x, cost=cost)
    (first,) = torch.autograd.grad(d.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), x)
    assert (d == 0).all()
    torch.testing.assert_close(first, torch.zeros_like(x), rtol=0, atol=1e-6)
    torch.testing.assert_close(second, torch.zeros_like(x), rtol=0, atol=1e-6)


def test_duplicates_among_other_points_have_distance_zero() -> None:
    x = points(30, 64, dtype=torch.float32)
    x[7] = x[3]
    d = pairwise_distances(x + 10)
    assert d[3, 7] == 0 and d[7, 3] == 0


def test_a_plain_root_would_give_nan_gradients() -> None:
    x = points(1, 7).repeat(3, 1).requires_grad_()
    (x[:, None] - x[None]).square().sum(-1).sqrt().sum().backward()
    assert x.grad is not None and x.grad.isnan().any()


def test_a_common_shift_changes_nothing_and_cosine_ignores_length() -> None:
    x = points(10, 4)
    torch.testing.assert_close(pairwise_distances(x + 100), pairwise_distances(x))
    scaled = x * torch.linspace(1, 5, 10, dtype=x.dtype)[:, None]
    torch.testing.assert_close(
        pairwise_distances(scaled, cost="cosine"), pairwise_distances(x, cost="cosine")
    )


def test_a_zero_vector_has_cosine_distance_one_half() -> None:
    x = torch.cat([torch.zeros(1, 3), points(4, 3, dtype=torch.float32)])
    torch.testing.assert_close(pairwise_distances(x, cost="cosine")[0, 1:], torch.full((4,), 0.5))


@pytest.mark.slow
def test_memory_is_not_n_squared_times_p() -> None:
    # 1,000 points in R^4096: differences of all pairs would take 16 GB, the law allows ~50 MB
    script = (
        "import resource, torch; from gwae_core.spaces import pairwise_distances;"
        "x = torch.randn(1000, 4096).requires_grad_();"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "pairwise_distances(x).sum().backward();"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert float(out.stdout) < 400


def test_unknown_cost_and_different_dimensions_are_refused() -> None:
    with pytest.raises(SpaceError, match="unknown ground cost 'manhattan'"):
        pairwise_distances(points(3, 2), cost="manhattan")
    with pytest.raises(SpaceError, match="no distance"):
        pairwise_distances(points(3, 2), points(3, 4))


def test_distances_are_lazy_computed_once_and_differentiable() -> None:
    calls = []

    def cost(a: Tensor, b: Tensor) -> Tensor:
        calls.append(1)
        return pairwise_distances(a, b, cost="sqeuclidean")

    x = points(5, 2).requires_grad_()
    space = MMSpace(x, cost=cost)
    assert not calls
    with torch.no_grad():
        assert not space.d.requires_grad
    (grad,) = torch.autograd.grad(space.d[0, 1], x)
    assert calls == [1]
    torch.testing.assert_close(grad[0], 2 * (x[0] - x[1]).detach())


def test_images_are_flattened_and_numbers_are_points() -> None:
    images = points(6, 12).reshape(6, 3, 2, 2)
    torch.testing.assert_close(MMSpace(images).d, pairwise_distances(images.reshape(6, 12)))
    numbers = points(6, 1)[:, 0]
    torch.testing.assert_close(
        MMSpace(numbers).d, (numbers[:, None] - numbers[None]).abs(), rtol=1e-6, atol=1e-7
    )


def test_mass_is_uniform_or_normalised_weights_with_their_gradient() -> None:
    x = points(4, 2, dtype=torch.float32)
    uniform = MMSpace(x).mass
    assert uniform.dtype == torch.float32
    torch.testing.assert_close(uniform, torch.full((4,), 0.25))
    weights = torch.tensor([1.0, 3.0, 0.0, 4.0], requires_grad=True)
    mass = MMSpace.checked(x, weights=weights).mass
    torch.testing.assert_close(mass, torch.tensor([0.125, 0.375, 0.0, 0.5]))
    assert mass.requires_grad


def test_given_distances_take_precedence() -> None:
    d = pairwise_distances(points(5, 2))
    space = MMSpace.checked(distances=d)
    assert space.n == 5
    assert torch.equal(space.d, d)
    with pytest.raises(SpaceError, match="distances alone"):
        _ = space.flat


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "points or distances"),
        ({"points": torch.zeros(0, 2)}, "n >= 1"),
        ({"points": torch.zeros(3, 2, dtype=torch.int64)}, "floating type"),
        ({"distances": torch.zeros(3, 2)}, "square"),
        ({"points": torch.zeros(3, 2), "distances": torch.zeros(4, 4)}, "3 points"),
        ({"points": torch.zeros(3, 2), "weights": torch.ones(2)}, r"weights must be \(3,\)"),
        ({"points": torch.zeros(3, 2), "cost": "manhattan"}, "unknown ground cost"),
    ],
)
def test_wrong_shapes_are_refused_by_the_constructor(
    arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(SpaceError, match=message):
        MMSpace(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points": torch.tensor([[0.0], [float("nan")]])}, "points hold NaN or inf"),
        ({"points": torch.tensor([[0.0], [float("inf")]])}, "points hold NaN or inf"),
        ({"points": torch.zeros(2, 1), "weights": torch.tensor([1.0, -1.0])}, "not be negative"),
        ({"points": torch.zeros(2, 1), "weights": torch.zeros(2)}, "positive sum"),
        ({"points": torch.zeros(2, 1), "weights": torch.tensor([1.0, float("nan")])}, "weights"),
        ({"distances": torch.tensor([[0.0, 1.0], [2.0, 0.0]])}, "symmetric"),
        ({"distances": torch.tensor([[0.0, -1.0], [-1.0, 0.0]])}, "not be negative"),
    ],
)
def test_wrong_values_are_refused_by_validate(arguments: dict[str, object], message: str) -> None:
    space = MMSpace(**arguments)  # type: ignore[arg-type]
    with pytest.raises(SpaceError, match=message):
        space.validate()


def test_a_cost_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(SpaceError, match="ground cost returned"):
        _ = MMSpace(points(3, 2), cost=lambda a, b: a).d


def test_spaces_and_results_are_frozen() -> None:
    space = MMSpace(points(3, 2))
    with pytest.raises(FrozenInstanceError):
        space.weights = torch.ones(3)  # type: ignore[misc]


def test_a_sparse_plan_is_its_matrix() -> None:
    sigma = torch.tensor([2, 0, 1])
    plan = SparsePlan(torch.arange(3), sigma, torch.full((3,), 1 / 3), (3, 3))
    zero = torch.zeros(())
    dense = GWResult(zero, zero, plan, True, 1, 0.0).dense()
    torch.testing.assert_close(dense, torch.eye(3)[sigma] / 3)
    with pytest.raises(SpaceError, match="no coupling"):
        GWResult(zero, zero, None, True, 1, 0.0).dense()


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean", "cosine"])
def test_nan_is_not_hidden_as_a_distance_of_zero(cost: str) -> None:
    x = torch.randn(4, 3)
    x[1, 2] = float("nan")
    assert torch.isnan(pairwise_distances(x, cost=cost)).any()
    assert torch.isnan(pairwise_distances(x, torch.randn(5, 3), cost=cost)).any()
