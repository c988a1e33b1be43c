"""Stratified choice of mixture components."""

from __future__ import annotations

import pytest
import torch

from gwae_core.builtin.priors.stratification import stratify


@pytest.mark.parametrize("n", [1, 3, 4, 5, 37])
def test_expectations_and_their_gradients_are_unbiased(n: int) -> None:
    """E sum_i w_i h(k_i) = sum_k p_k h(k), and the gradient with respect to p is h."""
    generator = torch.Generator().manual_seed(n)
    logits = torch.tensor([0.5, -1.0, 1.5, 0.0], dtype=torch.float64, requires_grad=True)
    h = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    p = logits.softmax(0)
    exact = p @ h
    (exact_gradient,) = torch.autograd.grad(exact, logits, retain_graph=True)
    draws = 4000
    total = torch.zeros((), dtype=torch.float64)
    for _ in range(draws):
        component, weight = stratify(p, n, generator=generator)
        assert component.shape == weight.shape == (n,)
        total = total + weight @ h[component]
    (gradient,) = torch.autograd.grad(total / draws, logits)
    assert abs(float(total.detach() / draws - exact.detach())) < 0.08
    assert torch.allclose(gradient, exact_gradient, atol=0.12)


@pytest.mark.parametrize("n", [1, 2, 4, 50])
def test_weights_sum_to_one(n: int) -> None:
    _, weight = stratify(torch.tensor([0.7, 0.1, 0.15, 0.05]), n)
    assert torch.allclose(weight.sum(), torch.tensor(1.0))
    assert (weight >= 0).all()


def test_every_component_has_a_place_where_there_are_enough() -> None:
    p = torch.tensor([1.0, 0.0, 1e-30])
    component, weight = stratify(p, 3)
    assert sorted(component.tolist()) == [0, 1, 2]
    assert torch.equal(weight, p[component])


def test_the_variance_is_below_that_of_ancestral_sampling() -> None:
    generator = torch.Generator().manual_seed(0)
    p, h = torch.tensor([0.6, 0.3, 0.1]), torch.tensor([0.0, 1.0, 5.0])

    def estimate() -> torch.Tensor:
        component, weight = stratify(p, 20, generator=generator)
        return weight @ h[component]

    ours = torch.stack([estimate() for _ in range(200)]).var()
    drawn = torch.multinomial(p.expand(200, 3), 20, replacement=True, generator=generator)
    assert ours < 1e-10 < h[drawn].mean(1).var()
