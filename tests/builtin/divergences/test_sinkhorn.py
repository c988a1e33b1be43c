"""The debiased Sinkhorn divergence: its value, its gradients, its laws."""

from __future__ import annotations

from collections.abc import Callable

import ot
import pytest
import torch
from torch import Tensor

from gwae_core.builtin.divergences import Sinkhorn
from gwae_core.errors import ComponentError
from gwae_core.interfaces import Sample

Value = Callable[[Sample, Sample], Tensor]
EXACT = Sinkhorn.Config(epsilon=0.2, tolerance=1e-10, max_iterations=100_000)


def samples(n: int = 12, m: int = 9, d: int = 3, *, weighted: bool = True) -> tuple[Sample, Sample]:
    generator = torch.Generator().manual_seed(0)

    def draw(rows: int, shift: float) -> Sample:
        z = torch.randn(rows, d, generator=generator, dtype=torch.float64) + shift
        w = torch.rand(rows, generator=generator, dtype=torch.float64) + 0.1
        return Sample(z, w / w.sum() if weighted else None)

    return draw(n, 0.0), draw(m, 0.5)


def transport(q: Sample, p: Sample, epsilon: float) -> float:
    """min_T <T, C> + eps KL(T | q p^T) by POT."""
    cost = torch.cdist(q.z, p.z).square() / 2
    # alternating updates are slow where q = p; the error of the value is that of the plan squared
    plan = ot.sinkhorn(
        q.mass,
        p.mass,
        cost,
        epsilon,
        method="sinkhorn_log",
        stopThr=1e-9,
        numItermax=2000,
        warn=False,
    )
    return float((plan * (cost + epsilon * (plan / torch.outer(q.mass, p.mass)).log())).sum())


def debiased(q: Sample, p: Sample, epsilon: float) -> float:
    pairs = ((1.0, q, p), (-0.5, q, q), (-0.5, p, p))
    return sum(factor * transport(a, b, epsilon) for factor, a, b in pairs)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("epsilon", [0.03, 0.5])
def test_the_value_is_that_of_pot(weighted: bool, epsilon: float) -> None:
    q, p = samples(weighted=weighted)
    config = EXACT.model_copy(update={"epsilon": epsilon})
    value = Sinkhorn(config)(q, p).item()
    assert value == pytest.approx(debiased(q, p, 3 * epsilon), rel=1e-6)


@pytest.mark.parametrize("d", [2, 16, 64])
def test_the_default_tolerance_is_accurate_in_float32(d: int) -> None:
    q, p = samples(128, 100, d)
    single = Sinkhorn(Sinkhorn.Config())(
        Sample(q.z.float(), q.mass.float()), Sample(p.z.float(), p.mass.float())
    )
    assert single.dtype == torch.float32
    assert single.item() == pytest.approx(debiased(q, p, 0.05 * d), rel=1e-3)


def gradient_error(value: Value) -> float:
    """Largest difference between autograd and central differences, in points and in weights."""
    q, p = samples()
    logits = [s.mass.log().requires_grad_() for s in (q, p)]
    points = [s.z.clone().requires_grad_() for s in (q, p)]

    def of(parts: list[Tensor]) -> Tensor:
        return value(Sample(parts[0], parts[2].softmax(0)), Sample(parts[1], parts[3].softmax(0)))

    parts = [*points, *logits]
    gradients = torch.autograd.grad(of(parts), parts)
    worst, step = 0.0, 1e-5
    for part, gradient in zip(parts, gradients, strict=True):
        for i in range(part.numel()):
            with torch.no_grad():
                flat = part.view(-1)
                at = flat[i].item()
                flat[i] = at + step
                above = of(parts)
                flat[i] = at - step
                below = of(parts)
                flat[i] = at
            difference = (above - below).item() / (2 * step)
            worst = max(worst, abs(difference - gradient.view(-1)[i].item()))
    return worst


def with_constant_weights(q: Sample, p: Sample) -> Tensor:
    """A fault: the weights enter the solver, not the graph."""
    return Sinkhorn(EXACT)(Sample(q.z, q.mass.detach()), Sample(p.z, p.mass.detach())) + 0 * (
        q.mass.sum() + p.mass.sum()
    )


def test_gradients_are_those_of_finite_differences() -> None:
    assert gradient_error(Sinkhorn(EXACT)) < 1e-7
    halves = EXACT.model_copy(update={"debias": "halves"})
    assert gradient_error(Sinkhorn(halves)) < 1e-7
    assert gradient_error(with_constant_weights) > 1e-2


def test_it_is_zero_for_identical_samples_and_symmetric() -> None:
    q, p = samples()
    assert abs(Sinkhorn(EXACT)(q, q).item()) < 1e-9
    assert abs(Sinkhorn(Sinkhorn.Config())(q, q).item()) < 1e-4
    assert Sinkhorn(EXACT)(q, p).item() == pytest.approx(Sinkhorn(EXACT)(p, q).item(), abs=1e-9)


def test_its_gradient_vanishes_at_a_match() -> None:
    q, _ = samples()
    z = q.z.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(Sinkhorn(EXACT)(Sample(z, q.weights), q), z)
    assert gradient.abs().max() < 1e-9


def best_scale(debias: str, d: int) -> float:
    """The scale of codes s N(0, I) at which they come closest to N(0, I), over batches of 128."""
    sinkhorn = Sinkhorn(Sinkhorn.Config.model_validate({"debias": debias}))
    draws = torch.randn(6, 2, 128, d, generator=torch.Generator().manual_seed(0))
    scales = [s / 10 for s in range(3, 13)]

    def mean_value(scale: float) -> float:
        return sum(sinkhorn(Sample(scale * z), Sample(w)).item() for z, w in draws)

    return min(scales, key=mean_value)


@pytest.mark.parametrize("d", [10, 64])
def test_halves_put_the_codes_at_the_scale_of_the_prior(d: int) -> None:
    assert best_scale("halves", d) == 1.0
    assert best_scale("self", d) <= 0.8


def test_halves_are_unbiased_and_refuse_a_single_point() -> None:
    sinkhorn = Sinkhorn(Sinkhorn.Config(debias="halves"))
    draws = torch.randn(60, 2, 32, 8, generator=torch.Generator().manual_seed(0))
    values = torch.stack([sinkhorn(Sample(z), Sample(w)) for z, w in draws])
    assert abs(values.mean()) < 3 * values.std() / 60**0.5
    with pytest.raises(ComponentError, match="two points a sample, got 1 and 32"):
        sinkhorn(Sample(draws[0, 0, :1]), Sample(draws[0, 1]))


def test_a_shift_costs_half_its_square() -> None:
    q, _ = samples()
    delta = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    value = Sinkhorn(EXACT)(q, Sample(q.z + delta, q.weights)).item()
    assert value == pytest.approx(0.5 * delta.square().sum().item(), rel=1e-8)


def shrinkage(value: Value) -> float:
    """The scale in 0.1, ..., 1.3 at which a scaled copy of a sample comes closest to the sample."""
    z = torch.randn(100, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    scales = [s / 10 for s in range(1, 14)]
    return min(scales, key=lambda s: value(Sample(s * z), Sample(z)).item())


def biased(q: Sample, p: Sample) -> Tensor:
    """A fault: entropic transport without the two terms that make it a divergence."""
    return torch.tensor(transport(q, p, 1.0))


def test_it_does_not_shrink_the_codes() -> None:
    assert shrinkage(Sinkhorn(EXACT.model_copy(update={"epsilon": 0.5}))) == 1.0
    assert shrinkage(biased) < 0.8


def test_weights_count_like_multiplicities_and_zero_weights_not_at_all() -> None:
    q, p = samples(4, 5, weighted=False)
    twice = Sample(torch.cat([q.z, q.z[:1]]))
    weights = torch.tensor([2.0, 1.0, 1.0, 1.0, 0.0], dtype=torch.float64) / 5
    weighted = Sample(torch.cat([q.z, torch.full((1, 3), 9.0)]), weights)
    exact = Sinkhorn(EXACT)
    assert exact(weighted, p).item() == pytest.approx(exact(twice, p).item(), rel=1e-8)


def test_weights_of_zero_have_finite_gradients() -> None:
    q, p = samples(5, 5)
    weights = torch.tensor([0.5, 0.5, 0.0, 0.0, 0.0], requires_grad=True)
    z = q.z.float().requires_grad_()
    value = Sinkhorn(Sinkhorn.Config())(Sample(z, weights), Sample(p.z.float()))
    for gradient in torch.autograd.grad(value, (z, weights)):
        assert torch.isfinite(gradient).all()


def test_it_is_invariant_under_isometries_and_permutations() -> None:
    q, p = samples()
    generator = torch.Generator().manual_seed(1)
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64)).Q
    order = torch.randperm(len(q.z), generator=generator)
    moved = Sample(q.z[order] @ rotation + 3, q.mass[order])
    value = Sinkhorn(EXACT)(moved, Sample(p.z @ rotation + 3, p.weights)).item()
    assert value == pytest.approx(Sinkhorn(EXACT)(q, p).item(), abs=1e-8)


def test_single_points_and_far_samples_have_finite_values_and_gradients() -> None:
    q, p = samples(1, 1)
    assert Sinkhorn(EXACT)(q, p).item() == pytest.approx(
        0.5 * (q.z - p.z).square().sum().item(), rel=1e-9
    )
    q, p = samples(20, 30)
    z = (1e4 * q.z.float()).requires_grad_()
    value = Sinkhorn(Sinkhorn.Config())(Sample(z), Sample(p.z.float()))
    (gradient,) = torch.autograd.grad(value, z)
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()


def test_it_runs_under_inference_mode() -> None:
    q, p = samples()
    with torch.inference_mode():
        value = Sinkhorn(EXACT)(q, p)
    assert value.item() == pytest.approx(Sinkhorn(EXACT)(q, p).item())
