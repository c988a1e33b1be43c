"""The sliced Wasserstein distance: closed forms in one dimension, and weights."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import torch

from gwae_core.builtin.divergences import SlicedWasserstein
from gwae_core.builtin.divergences.sliced_wasserstein import wasserstein_1d
from gwae_core.errors import ComponentError
from gwae_core.interfaces import Sample


def numbers(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    w = torch.rand(n, generator=generator, dtype=torch.float64) + 0.1
    return torch.randn(n, generator=generator, dtype=torch.float64) + seed, w / w.sum()


def test_one_dimension_agrees_with_pot() -> None:
    (x, a), (y, b) = numbers(7, 0), numbers(11, 1)
    expected = ot.emd2_1d(x.numpy(), y.numpy(), a.numpy(), b.numpy(), metric="sqeuclidean")
    assert wasserstein_1d(x[None], y[None], a, b).item() == pytest.approx(expected, rel=1e-9)
    sliced = SlicedWasserstein(SlicedWasserstein.Config(projections=3))
    value = sliced(Sample(x[:, None], a), Sample(y[:, None], b))
    assert value.item() == pytest.approx(expected / 2, rel=1e-9)


def test_large_samples_approach_the_distance_of_two_normals() -> None:
    """W_2^2 between N(0, 1) and N(m, s^2) is m^2 + (1 - s)^2."""
    q = np.random.default_rng(0).standard_normal((20_000, 1))
    p = 0.5 + 2 * np.random.default_rng(1).standard_normal((15_000, 1))
    sliced = SlicedWasserstein(SlicedWasserstein.Config(projections=1))
    value = sliced(Sample(torch.from_numpy(q)), Sample(torch.from_numpy(p)))
    assert value.item() == pytest.approx((0.25 + 1) / 2, rel=0.05)


def test_equal_sizes_take_the_short_way_to_the_same_value() -> None:
    x, y = numbers(9, 0)[0], numbers(9, 1)[0]
    uniform = torch.full((9,), 1 / 9, dtype=torch.float64)
    z, w = x.reshape(3, 3), y.reshape(3, 3)
    sliced = SlicedWasserstein(SlicedWasserstein.Config())
    short = sliced(Sample(z), Sample(w), generator=torch.Generator().manual_seed(0))
    long = sliced(Sample(z, uniform[:3] * 3), Sample(w), generator=torch.Generator().manual_seed(0))
    assert short.item() == pytest.approx(long.item(), rel=1e-9)


@pytest.mark.parametrize("d", [1, 3, 10])
def test_a_shift_costs_half_its_square(d: int) -> None:
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(20, d, generator=generator, dtype=torch.float64)
    delta = torch.randn(d, generator=generator, dtype=torch.float64)
    sliced = SlicedWasserstein(SlicedWasserstein.Config(projections=20_000))
    value = sliced(Sample(z), Sample(z + delta), generator=generator).item()
    assert value == pytest.approx(0.5 * delta.square().sum().item(), rel=0.03)


def test_gradients_are_those_of_finite_differences() -> None:
    (x, a), (y, b) = numbers(6, 0), numbers(4, 1)
    logits = [w.log().requires_grad_() for w in (a, b)]
    points = [v.clone().requires_grad_() for v in (x, y)]
    assert torch.autograd.gradcheck(
        lambda u, v, s, t: wasserstein_1d(u[None], v[None], s.softmax(0), t.softmax(0)),
        (*points, *logits),
    )


def test_the_generator_decides_the_directions() -> None:
    z, w = torch.randn(10, 4), torch.randn(10, 4)
    sliced = SlicedWasserstein(SlicedWasserstein.Config(projections=5))
    values = [
        sliced(Sample(z), Sample(w), generator=torch.Generator().manual_seed(seed)).item()
        for seed in (0, 0, 1)
    ]
    assert values[0] == values[1] != values[2]


def test_codes_of_different_dimension_are_refused() -> None:
    with pytest.raises(ComponentError, match="2 and of 3 dimensions"):
        SlicedWasserstein(SlicedWasserstein.Config())(
            Sample(torch.randn(4, 2)), Sample(torch.randn(4, 3))
        )
