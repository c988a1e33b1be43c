"""The Sinkhorn divergence: the same number and gradient as core's."""

from __future__ import annotations

import pytest
import torch
from gwae_geomloss import GeomlossSinkhorn

from gwae_core.interfaces import Divergence, Sample
from gwae_core.registered import default_config


def core(*, epsilon: float, tolerance: float) -> Divergence:
    """Core's own divergence, of which plugins know the name alone."""
    config = default_config("divergence", "sinkhorn")()
    update = {"epsilon": epsilon, "tolerance": tolerance, "max_iterations": 100_000}
    divergence: Divergence = config.model_copy(update=update).build()
    return divergence


def ours(*, epsilon: float, tolerance: float) -> GeomlossSinkhorn:
    return GeomlossSinkhorn(
        GeomlossSinkhorn.Config(epsilon=epsilon, tolerance=tolerance, max_iterations=100_000)
    )


def samples(
    n: int = 12,
    m: int = 9,
    d: int = 3,
    *,
    weighted: bool = True,
    dtype: torch.dtype = torch.float64,
) -> tuple[Sample, Sample]:
    generator = torch.Generator().manual_seed(0)

    def draw(rows: int, shift: float) -> Sample:
        z = torch.randn(rows, d, generator=generator, dtype=torch.float64) + shift
        w = torch.rand(rows, generator=generator, dtype=torch.float64) + 0.1
        return Sample(z.to(dtype), (w / w.sum()).to(dtype) if weighted else None)

    return draw(n, 0.0), draw(m, 0.5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("epsilon", [0.05, 0.5])
@pytest.mark.parametrize("d", [2, 16])
def test_value_is_that_of_core(weighted: bool, epsilon: float, d: int) -> None:
    q, p = samples(d=d, weighted=weighted)
    # the error of a dual value is of second order in that of the marginals
    found = ours(epsilon=epsilon, tolerance=1e-8)(q, p)
    expected = core(epsilon=epsilon, tolerance=1e-8)(q, p)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_the_default_tolerance_is_accurate_in_float32() -> None:
    q, p = samples(128, 100, 16, dtype=torch.float32)
    found = GeomlossSinkhorn(GeomlossSinkhorn.Config())(q, p)
    expected = core(epsilon=0.05, tolerance=1e-8)(
        Sample(q.z.double(), q.mass.double()), Sample(p.z.double(), p.mass.double())
    )
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(float(expected), rel=1e-4)


def test_gradients_in_codes_and_weights_are_those_of_core() -> None:
    q, p = samples()
    gradients = []
    for divergence in (ours(epsilon=0.2, tolerance=1e-10), core(epsilon=0.2, tolerance=1e-10)):
        leaves = [t.clone().requires_grad_() for t in (q.z, q.mass, p.z, p.mass)]
        value = divergence(Sample(leaves[0], leaves[1]), Sample(leaves[2], leaves[3]))
        gradients.append(torch.autograd.grad(value, leaves))
    for k, (found, expected) in enumerate(zip(*gradients, strict=True)):
        if k % 2:  # weights: up to a constant, which a fixed sum does not see
            found, expected = found - found.mean(), expected - expected.mean()
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


def test_gradient_agrees_with_finite_differences() -> None:
    q, p = samples(5, 4, 2)
    divergence = ours(epsilon=0.3, tolerance=1e-12)
    inputs = [q.z, q.mass.log(), p.z, p.mass.log()]

    def value(*tensors: torch.Tensor) -> torch.Tensor:
        a, b = tensors[1].softmax(0), tensors[3].softmax(0)
        return divergence(Sample(tensors[0], a), Sample(tensors[2], b))

    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    assert torch.autograd.gradcheck(value, leaves, atol=1e-6, rtol=1e-4)


def test_zero_on_equal_samples_and_positive_elsewhere() -> None:
    q, p = samples()
    divergence = ours(epsilon=0.2, tolerance=1e-10)
    copy = Sample(q.z.clone(), q.weights)
    assert abs(float(divergence(q, copy))) < 1e-12
    assert float(divergence(q, p)) > 0
    torch.testing.assert_close(divergence(q, p), divergence(p, q))


def test_a_shift_costs_half_its_square() -> None:
    q, _ = samples(weighted=False)
    shift = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    found = ours(epsilon=0.2, tolerance=1e-10)(q, Sample(q.z + shift))
    assert float(found) == pytest.approx(float(shift.square().sum()) / 2, rel=1e-9)


def test_a_code_without_weight_does_not_count_but_has_a_gradient() -> None:
    q, p = samples()
    weights = q.mass.clone()
    weights[3] = 0
    weights = (weights / weights.sum()).requires_grad_()
    keep = weights.detach() > 0
    divergence = ours(epsilon=0.2, tolerance=1e-10)
    whole = divergence(Sample(q.z, weights), p)
    part = divergence(Sample(q.z[keep], weights.detach()[keep]), p)
    torch.testing.assert_close(whole.detach(), part)
    whole.backward()
    assert weights.grad is not None and bool(torch.isfinite(weights.grad).all())
