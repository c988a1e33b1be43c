"""Laws that every two-sample divergence obeys."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gwae_core.builtin.divergences import MMD, Sinkhorn, SlicedWasserstein
from gwae_core.interfaces import Divergence, Sample
from gwae_core.spaces import pairwise_distances

DIVERGENCES = {
    "gaussian": MMD(MMD.Config(kernel="gaussian")),
    "imq": MMD(MMD.Config(kernel="imq")),
    "sinkhorn": Sinkhorn(Sinkhorn.Config(tolerance=1e-4, max_iterations=1000)),
    "halves": Sinkhorn(Sinkhorn.Config(debias="halves", tolerance=1e-3, max_iterations=1000)),
    "sliced": SlicedWasserstein(SlicedWasserstein.Config()),
}
every_divergence = pytest.mark.parametrize("divergence", DIVERGENCES.values(), ids=DIVERGENCES)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def draw(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Fault: a kernel that divides by the latent dimension twice and counts a point with itself.


def flat_kernel(q: Sample, p: Sample) -> Tensor:
    n, d = q.z.shape
    pooled = pairwise_distances(torch.cat([q.z, p.z]), cost="sqeuclidean")
    k = torch.exp(-pooled / d / d)
    return k[:n, :n].mean() + k[n:, n:].mean() - 2 * k[:n, n:].mean()


def separation(value: Callable[[Sample, Sample], Tensor], d: int) -> float:
    """How far total collapse lies above a match of the same size, in spreads of the match."""
    matches = torch.stack(
        [value(Sample(draw(64, d, 2 * s)), Sample(draw(64, d, 2 * s + 1))) for s in range(10)]
    )
    collapse = value(Sample(torch.zeros(64, d, dtype=torch.float64)), Sample(draw(64, d)))
    return ((collapse - matches.max()) / matches.std()).item()


@pytest.mark.parametrize("d", [2, 16, 64])
@pytest.mark.parametrize("name", ["gaussian", "imq", "halves", "sliced"])
def test_collapse_is_worse_than_a_match(name: str, d: int) -> None:
    assert separation(DIVERGENCES[name], d) > 3


def test_self_terms_of_transport_hide_the_collapse_in_many_dimensions() -> None:
    """What the description of ``debias: self`` warns of."""
    assert separation(DIVERGENCES["sinkhorn"], 2) > 3
    assert separation(DIVERGENCES["sinkhorn"], 16) < 0


def test_a_kernel_at_a_wrong_scale_does_not_see_the_collapse() -> None:
    assert separation(flat_kernel, 64) < 0


@pytest.mark.parametrize("d", [2, 16, 64])
@pytest.mark.parametrize("kernel", ["gaussian", "imq"])
def test_kernels_do_not_saturate(kernel: str, d: int) -> None:
    """The mean kernel value of a normal sample lies well between 0 and 1."""
    mmd = DIVERGENCES[kernel]
    far = Sample(draw(64, d, 1) + 1e6)
    within = (mmd(Sample(draw(64, d)), Sample(draw(64, d))) / 2 + mmd(Sample(draw(64, d)), far)) / 2
    assert 0.05 < within.item() < 0.95


@every_divergence
def test_it_falls_as_the_samples_approach(divergence: Divergence) -> None:
    z, w = draw(100, 4), draw(100, 4, 1)
    values = [
        divergence(Sample(z + s), Sample(w), generator=seeded()) for s in (2.0, 1.0, 0.5, 0.0)
    ]
    assert values == sorted(values, reverse=True)


@every_divergence
def test_it_is_symmetric(divergence: Divergence) -> None:
    q, p = Sample(draw(20, 3)), Sample(draw(30, 3, 1) + 0.5)
    there, back = (divergence(*pair, generator=seeded()).item() for pair in ((q, p), (p, q)))
    assert there == pytest.approx(back, abs=1e-6)


@every_divergence
def test_the_order_of_the_rows_does_not_matter(divergence: Divergence) -> None:
    weights = draw(20, 1).square()[:, 0].softmax(0)
    half = torch.randperm(10, generator=seeded())
    order = torch.cat([half, half.flip(0) + 10])  # within halves, which one estimate compares
    p = Sample(draw(30, 3, 1))
    values = [
        divergence(Sample(draw(20, 3)[rows], weights[rows]), p, generator=seeded()).item()
        for rows in (torch.arange(20), order)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-6)


@every_divergence
def test_uniform_weights_may_be_left_out(divergence: Divergence) -> None:
    z, p = draw(20, 3), Sample(draw(30, 3, 1))
    uniform = torch.full((20,), 0.05, dtype=torch.float64)
    values = [divergence(q, p, generator=seeded()).item() for q in (Sample(z), Sample(z, uniform))]
    assert values[0] == pytest.approx(values[1], abs=1e-6)


@pytest.mark.parametrize("name", ["gaussian", "imq", "sinkhorn", "sliced"])
def test_points_without_weight_do_not_count(name: str) -> None:
    divergence, p = DIVERGENCES[name], Sample(draw(30, 3, 1))
    q = Sample(draw(20, 3))
    weights = torch.cat([q.mass, torch.zeros(2, dtype=torch.float64)])
    more = Sample(torch.cat([q.z, q.z[:2] + 0.1]), weights)
    values = [divergence(s, p, generator=seeded()).item() for s in (q, more)]
    # the median distance, a scale, sees all points
    assert values[0] == pytest.approx(values[1], rel=2e-2, abs=1e-6)


@every_divergence
def test_points_and_weights_get_finite_gradients(divergence: Divergence) -> None:
    z = draw(20, 3).requires_grad_()
    logits = draw(20, 1, 2)[:, 0].requires_grad_()
    value = divergence(Sample(z, logits.softmax(0)), Sample(draw(30, 3, 1)), generator=seeded())
    for gradient in torch.autograd.grad(value, (z, logits)):
        assert torch.isfinite(gradient).all()
        assert gradient.abs().min() > 0


@every_divergence
def test_descent_finds_location_and_scale(divergence: Divergence) -> None:
    """Codes mean + scale * eps reach a normal from a collapsed and shifted start."""
    generator = seeded()
    mean = torch.zeros(2, requires_grad=True)
    log_scale = torch.full((2,), -2.0, requires_grad=True)
    optimizer = torch.optim.Adam([mean, log_scale], lr=0.1)
    for _ in range(80):
        eps, target = torch.randn(2, 64, 2, generator=generator)
        optimizer.zero_grad()
        q = Sample(mean + log_scale.exp() * eps)
        divergence(q, Sample(target + 2), generator=generator).backward()
        optimizer.step()
    assert torch.allclose(mean, torch.full((2,), 2.0), atol=0.2)
    assert torch.allclose(log_scale.exp(), torch.ones(2), atol=0.2)


@every_divergence
def test_it_runs_under_inference_mode_and_follows_the_dtype(divergence: Divergence) -> None:
    with torch.inference_mode():
        value = divergence(Sample(draw(8, 3).float()), Sample(draw(9, 3, 1).float()))
    assert value.shape == ()
    assert value.dtype == torch.float32
