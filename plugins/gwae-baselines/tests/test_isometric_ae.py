"""The isometrically regularised autoencoder."""

from __future__ import annotations

import pytest
import torch
from gwae_baselines.isometric_ae import relaxed_distortion
from torch import Tensor, nn


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_with_the_jacobian_written_out() -> None:
    torch.manual_seed(0)
    decode = nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.Linear(8, 6)).double()
    z, v = normal(5, 3, seed=1), normal(5, 3, seed=2)
    jacobians = [torch.autograd.functional.jacobian(decode, point) for point in z]  # (6, 3) each
    along = torch.stack([j @ w for j, w in zip(jacobians, v, strict=True)])
    back = torch.stack([j.T @ w for j, w in zip(jacobians, along, strict=True)])
    expected = back.square().sum(1).mean() / along.square().sum(1).mean().square()
    assert torch.allclose(relaxed_distortion(decode, z, v), expected, rtol=1e-12)


def test_a_linear_map_has_the_closed_form_of_its_singular_values() -> None:
    matrix = normal(4, 7)
    squares = torch.linalg.svdvals(matrix).square()  # eigenvalues of J^T J
    found = relaxed_distortion(lambda z: z @ matrix, normal(40_000, 4, seed=1), normal(40_000, 4))
    assert found.item() == pytest.approx((squares.square().sum() / squares.sum() ** 2).item(), 0.02)


def test_an_isometry_of_any_scale_has_the_least_value() -> None:
    rotation = torch.linalg.qr(normal(7, 4)).Q.T  # (4, 7), orthonormal rows
    z, v = normal(40_000, 4, seed=1), normal(40_000, 4)
    values = [relaxed_distortion(lambda z, c=c: c * z @ rotation, z, v) for c in (0.1, 1.0, 10.0)]
    assert values[1].item() == pytest.approx(1 / 4, 0.02)
    assert torch.allclose(values[0], values[1], rtol=1e-10)
    assert torch.allclose(values[2], values[1], rtol=1e-10)
    stretched = relaxed_distortion(lambda z: (z * torch.arange(1, 5)) @ rotation, z, v)
    assert stretched > 1.3 * values[1]


def test_a_constant_decoder_distorts_nothing() -> None:
    weight = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    found = relaxed_distortion(lambda z: weight * z, normal(5, 3), normal(5, 3, seed=1))
    (gradient,) = torch.autograd.grad(found, weight)
    assert found.item() == 0
    assert torch.isfinite(gradient).all()


def test_without_a_divergence_the_encoder_may_be_a_map(build, terms) -> None:
    model = build({"type": "isometric-ae", "beta": 0}, posterior="deterministic", prior="neural")
    assert set(terms(model)) == {"reconstruction", "distortion"}


def test_the_weight_is_that_of_the_distortion(build, terms) -> None:
    one, ten = (terms(build({"type": "isometric-ae", "weight": w})) for w in (1, 10))
    assert ten["distortion"].item() == pytest.approx(10 * one["distortion"].item())
    assert ten["divergence"].item() == one["divergence"].item()
