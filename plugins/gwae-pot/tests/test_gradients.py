"""Gradients of the objective against central finite differences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from gwae_pot import POTEntropic, POTExact, POTFused, POTPartial, POTSemirelaxed
from torch import Tensor

from gwae_core.interfaces import Estimator
from gwae_core.solvers import distortion
from gwae_core.spaces import GWResult, MMSpace

TIGHT = {"max_iter": 20_000, "tolerance": 1e-13}


def entropic(x: MMSpace, z: MMSpace, *, strength: float) -> POTEntropic:
    """The solver whose regulariser has a fixed absolute strength, as its gradient takes it."""
    config = POTEntropic.Config(
        epsilon=strength / product_value(x, z),
        max_iter=1000,
        sinkhorn_max_iter=5000,
        tolerance=1e-11,
    )
    return POTEntropic(config)


@torch.no_grad()
def product_value(x: MMSpace, z: MMSpace) -> float:
    return float(distortion(x, z, torch.outer(x.mass, z.mass)))


ESTIMATORS: dict[str, Estimator] = {
    "exact": POTExact.Config(**TIGHT).build(),
    "semirelaxed": POTSemirelaxed.Config(**TIGHT).build(),
    "partial": POTPartial.Config(mass=0.7, **TIGHT).build(),
    "fused": POTFused.Config(alpha=0.6, num_quantiles=30, **TIGHT).build(),
    "pairs": POTFused.Config(alpha=0.6, features="pairs", **TIGHT).build(),
}


def difference(f: Callable[[Tensor], Tensor], at: Tensor, step: float = 1e-5) -> Tensor:
    gradient = torch.zeros_like(at).flatten()
    for i in range(gradient.numel()):
        for sign in (1, -1):
            moved = at.detach().clone()
            moved.view(-1)[i] += sign * step
            gradient[i] += sign * f(moved).item() / (2 * step)
    return gradient.view_as(at)


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
@pytest.mark.parametrize("name", [*ESTIMATORS, "entropic"])
def test_points_and_weights(name: str, cost: str) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(6, 3, dtype=torch.float64, generator=generator) + 0.5
    z = torch.randn(6 if name == "pairs" else 5, 2, dtype=torch.float64, generator=generator)
    p = torch.rand(len(x), dtype=torch.float64, generator=generator) + 0.5
    q = torch.rand(len(z), dtype=torch.float64, generator=generator) + 0.5

    def spaces(x: Tensor, z: Tensor, p: Tensor, q: Tensor) -> tuple[MMSpace, MMSpace]:
        return MMSpace(x, weights=p, cost=cost), MMSpace(z, weights=q, cost=cost)

    inputs = [x, z, p, q]
    strength = 0.5 * product_value(*spaces(*inputs))

    def objective(*tensors: Tensor) -> Tensor:
        both = spaces(*tensors)
        solver = ESTIMATORS.get(name) or entropic(*both, strength=strength)
        result: GWResult = solver(*both)
        return result.objective

    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    gradients = torch.autograd.grad(objective(*leaves), leaves, allow_unused=True)
    for k, gradient in enumerate(gradients):
        expected = difference(
            lambda moved, k=k: objective(*inputs[:k], moved, *inputs[k + 1 :]),  # type: ignore[misc]
            inputs[k],
        )
        found = torch.zeros_like(expected) if gradient is None else gradient
        scale = float(expected.abs().max())
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * scale + 1e-9)


@pytest.mark.parametrize("name", ["exact", "entropic", "partial"])
def test_a_point_without_weight_has_the_slope_of_its_first_weight(name: str) -> None:
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(6, 3, dtype=torch.float64, generator=generator)
    z = MMSpace(torch.randn(5, 2, dtype=torch.float64, generator=generator))
    p = torch.rand(6, dtype=torch.float64, generator=generator) + 0.5
    p[2] = 0
    strength = 0.5 * product_value(MMSpace(x, weights=p), z)

    def objective(p: Tensor) -> Tensor:
        space = MMSpace(x, weights=p)
        solver = ESTIMATORS.get(name) or entropic(space, z, strength=strength)
        result: GWResult = solver(space, z)
        return result.objective

    leaf = p.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(objective(leaf), leaf)
    step = 1e-6
    moved = p.clone()
    moved[2] += step
    expected = float(objective(moved) - objective(p)) / step
    # one-sided, so the error is of the order of the step times the second derivative
    assert float(gradient[2]) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_proximal_points_have_the_gradient_of_the_unregularised_problem() -> None:
    generator = torch.Generator().manual_seed(7)  # both methods find one optimum
    x = torch.randn(5, 3, dtype=torch.float64, generator=generator)
    z = torch.randn(5, 2, dtype=torch.float64, generator=generator)
    p = torch.rand(5, dtype=torch.float64, generator=generator) + 0.5
    config = POTEntropic.Config(
        method="ppa", epsilon=0.5, max_iter=500, sinkhorn_max_iter=1000, tolerance=1e-8
    )
    found = []
    for solver in (config.build(), ESTIMATORS["exact"]):
        leaves = [tensor.clone().requires_grad_() for tensor in (x, z, p)]
        result = solver(MMSpace(leaves[0], weights=leaves[2]), MMSpace(leaves[1]))
        found.append((result.dense(), *torch.autograd.grad(result.objective, leaves)))
    for proximal, exact in zip(*found, strict=True):
        torch.testing.assert_close(proximal, exact, rtol=0, atol=1e-4)


def test_distances() -> None:
    generator = torch.Generator().manual_seed(3)
    d = torch.rand(6, 6, dtype=torch.float64, generator=generator).triu(1)
    z = MMSpace(torch.randn(5, 2, dtype=torch.float64, generator=generator))

    def objective(upper: Tensor) -> Tensor:
        result: GWResult = ESTIMATORS["exact"](
            MMSpace(distances=upper.triu(1) + upper.triu(1).T), z
        )
        return result.objective

    leaf = d.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(objective(leaf), leaf)
    torch.testing.assert_close(gradient, difference(objective, d), rtol=1e-5, atol=1e-7)


def test_weights_without_gradient_add_nothing_to_the_graph() -> None:
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    result = POTExact.Config().build()(MMSpace(x), MMSpace(x, weights=torch.rand(5) + 0.1))
    assert not result.objective.requires_grad
