"""Envelope gradients of objectives against central finite differences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gwae_core.solvers import distortion, entropic_gw, exact_gw, lower_bound, sliced_gw
from gwae_core.spaces import MMSpace

Objective = Callable[[MMSpace, MMSpace], Tensor]


def product_value(x: MMSpace, z: MMSpace) -> float:
    with torch.no_grad():
        return float(distortion(x, z, torch.outer(x.mass, z.mass)))


STRENGTH = {"euclidean": 1.0, "sqeuclidean": 50.0, "cosine": 0.3}


def entropic(x: MMSpace, z: MMSpace) -> Tensor:
    # the gradient is that at fixed absolute strength, so the finite difference must fix it too
    epsilon = STRENGTH[str(x.cost)] / product_value(x, z)
    return entropic_gw(x, z, epsilon=epsilon, tol=1e-12, max_iter=200).objective


def sliced(x: MMSpace, z: MMSpace) -> Tensor:
    return sliced_gw(x, z, n_projections=5, generator=torch.Generator().manual_seed(0)).objective


OBJECTIVES: dict[str, Objective] = {
    "exact": lambda x, z: exact_gw(x, z).objective,
    "entropic": entropic,
    "sliced": sliced,
    "first": lambda x, z: lower_bound(x, z, kind="first").objective,
    "second": lambda x, z: lower_bound(x, z, kind="second").objective,
    "third": lambda x, z: lower_bound(x, z, kind="third").objective,
}


def difference(f: Callable[[Tensor], Tensor], at: Tensor, step: float = 1e-5) -> Tensor:
    """Central differences at up to six coordinates, NaN elsewhere."""
    gradient = torch.full_like(at, torch.nan).flatten()
    for i in range(0, gradient.numel(), -(-gradient.numel() // 6)):
        gradient[i] = 0
        for sign in (1, -1):
            moved = at.detach().clone()
            moved.view(-1)[i] += sign * step
            gradient[i] += sign * f(moved).item() / (2 * step)
    return gradient.view_as(at)


def agree(gradient: Tensor, expected: Tensor) -> None:
    at = ~expected.isnan()
    scale = float(expected[at].abs().max())
    torch.testing.assert_close(gradient[at], expected[at], rtol=1e-5, atol=1e-6 * scale)


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean", "cosine"])
@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("uniform", [True, False])
def test_points_and_weights(name: str, cost: str, uniform: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(6, 3, dtype=torch.float64, generator=generator) + 0.5
    z = torch.randn(6 if uniform else 5, 2, dtype=torch.float64, generator=generator)
    p = torch.rand(len(x), dtype=torch.float64, generator=generator) + 0.5
    q = torch.rand(len(z), dtype=torch.float64, generator=generator) + 0.5
    inputs = [x, z] if uniform else [x, z, p, q]

    def objective(*tensors: Tensor) -> Tensor:
        weights = tensors[2:] or (None, None)
        return OBJECTIVES[name](
            MMSpace(tensors[0], weights=weights[0], cost=cost),
            MMSpace(tensors[1], weights=weights[1], cost=cost),
        )

    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    gradients = torch.autograd.grad(objective(*leaves), leaves)
    for k, gradient in enumerate(gradients):
        expected = difference(
            lambda moved, k=k: objective(*inputs[:k], moved, *inputs[k + 1 :]),  # type: ignore[misc]
            inputs[k],
        )
        agree(gradient, expected)


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name != "sliced"])
def test_distances(name: str) -> None:
    generator = torch.Generator().manual_seed(2)
    d = torch.rand(6, 6, dtype=torch.float64, generator=generator).triu(1)
    z = MMSpace(torch.randn(5, 2, dtype=torch.float64, generator=generator))

    def objective(upper: Tensor) -> Tensor:
        return OBJECTIVES[name](MMSpace(distances=upper.triu(1) + upper.triu(1).T), z)

    leaf = d.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(objective(leaf), leaf)
    expected = difference(objective, d)
    agree(gradient, expected)


def test_gradient_of_a_wide_problem_passes_through_the_gram_matrix() -> None:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(4, 9, dtype=torch.float64, generator=generator)
    z = MMSpace(torch.randn(4, 2, dtype=torch.float64, generator=generator), cost="sqeuclidean")
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(
        exact_gw(MMSpace(leaf, cost="sqeuclidean"), z).objective, leaf
    )
    expected = difference(lambda m: exact_gw(MMSpace(m, cost="sqeuclidean"), z).objective, x)
    agree(gradient, expected)


def test_a_detached_centre_would_give_a_wrong_gradient() -> None:
    # the planted fault: the closed form holds for centred points alone
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(6, 2, dtype=torch.float64, generator=generator).exp()

    def fourth_moment(points: Tensor, centre: Tensor) -> Tensor:
        c = points - centre
        norms = c.square().sum(1)
        second = (c.T @ c / len(c)).square().sum()
        return 2 * norms.square().mean() + 2 * norms.mean().square() + 4 * second

    expected = difference(lambda m: torch.cdist(m, m).pow(4).mean(), x)
    right, wrong = x.clone().requires_grad_(), x.clone().requires_grad_()
    fourth_moment(right, right.mean(0)).backward()
    fourth_moment(wrong, wrong.detach().mean(0)).backward()
    assert right.grad is not None and wrong.grad is not None
    agree(right.grad, expected)
    assert (wrong.grad - expected).nan_to_num().abs().max() > 1e-2
