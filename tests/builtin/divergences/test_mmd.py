"""The maximum mean discrepancy: brute force, bias, and kernels that see in any dimension."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gwae_core.builtin.divergences import MMD
from gwae_core.errors import ComponentError
from gwae_core.interfaces import Sample

KERNELS = ["gaussian", "imq"]


def samples(n: int = 7, m: int = 5) -> tuple[Sample, Sample]:
    generator = torch.Generator().manual_seed(0)

    def draw(rows: int, shift: float) -> Sample:
        z = torch.randn(rows, 3, generator=generator, dtype=torch.float64) + shift
        w = torch.rand(rows, generator=generator, dtype=torch.float64) + 0.1
        return Sample(z, w / w.sum())

    return draw(n, 0.0), draw(m, 1.0)


def brute_force(q: Sample, p: Sample, config: MMD.Config) -> float:
    z, w = q.z.numpy(), p.z.numpy()
    pooled = np.concatenate([z, w])
    distances = [((pooled[i] - pooled[j]) ** 2).sum() for i in range(len(pooled)) for j in range(i)]
    h = sorted(distances)[(len(distances) - 1) // 2]

    def k(x: np.ndarray, y: np.ndarray) -> float:
        d = ((x - y) ** 2).sum()
        values = [
            np.exp(-d / (s * h)) if config.kernel == "gaussian" else s * h / (s * h + d)
            for s in config.scales
        ]
        return float(np.mean(values))

    def within(x: np.ndarray, a: np.ndarray) -> float:
        pairs = [(i, j) for i in range(len(x)) for j in range(len(x)) if i != j]
        total = sum(a[i] * a[j] * k(x[i], x[j]) for i, j in pairs)
        return total / sum(a[i] * a[j] for i, j in pairs)

    a, b = q.mass.numpy(), p.mass.numpy()
    across = sum(a[i] * b[j] * k(z[i], w[j]) for i in range(len(z)) for j in range(len(w)))
    return within(z, a) + within(w, b) - 2 * across


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_value_is_that_of_brute_force(kernel: str) -> None:
    config = MMD.Config.model_validate({"kernel": kernel})
    for q, p in (samples(), (Sample(samples()[0].z), Sample(samples()[1].z))):
        assert MMD(config)(q, p).item() == pytest.approx(brute_force(q, p, config), rel=1e-9)


@pytest.mark.parametrize("kernel", KERNELS)
def test_it_is_unbiased(kernel: str) -> None:
    generator = torch.Generator().manual_seed(0)
    mmd = MMD(MMD.Config.model_validate({"kernel": kernel}))
    draws = torch.randn(500, 2, 16, 4, generator=generator)
    values = torch.stack([mmd(Sample(z), Sample(w)) for z, w in draws])
    assert abs(values.mean()) < 3 * values.std() / 500**0.5
    assert 0.3 < (values < 0).double().mean() < 0.7


def test_points_that_coincide_have_finite_gradients() -> None:
    z = torch.zeros(6, 2, requires_grad=True)
    value = MMD(MMD.Config())(Sample(z), Sample(torch.zeros(6, 2)))
    (gradient,) = torch.autograd.grad(value, z)
    assert value.item() == pytest.approx(0.0, abs=1e-6)
    assert torch.equal(gradient, torch.zeros(6, 2))


def test_a_single_point_is_refused() -> None:
    q, p = samples()
    with pytest.raises(ComponentError, match="two points a sample, got 1 and 5"):
        MMD(MMD.Config())(Sample(q.z[:1]), p)


def test_the_scale_of_the_samples_does_not_matter() -> None:
    q, p = samples()
    scaled = MMD(MMD.Config())(Sample(1e3 * q.z, q.weights), Sample(1e3 * p.z, p.weights))
    assert scaled.item() == pytest.approx(MMD(MMD.Config())(q, p).item(), rel=1e-9)
