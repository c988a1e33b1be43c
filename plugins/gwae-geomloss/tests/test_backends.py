"""KeOps and GPUs: the same numbers as plain tensors on the CPU."""

from __future__ import annotations

import pytest
import torch
from gwae_geomloss import Geomloss, GeomlossSinkhorn, transport

from gwae_core.interfaces import Sample
from gwae_core.spaces import MMSpace

Values = tuple[torch.Tensor, ...]


def values(device: str) -> Values:
    """Objective and divergence, with gradients in points and weights."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 5, generator=generator, dtype=torch.float64)
    z = torch.randn(30, 3, generator=generator, dtype=torch.float64)
    w = torch.rand(30, generator=generator, dtype=torch.float64) + 0.1
    x, z, w = (t.to(device).requires_grad_() for t in (x, z, w / w.sum()))
    spaces = MMSpace(x, cost="sqeuclidean"), MMSpace(z, weights=w, cost="sqeuclidean")
    result = Geomloss.Config(epsilon=0.2).build()(*spaces)
    divergence = GeomlossSinkhorn(GeomlossSinkhorn.Config())(Sample(x[:, :3]), Sample(z, w))
    gradients = torch.autograd.grad(result.objective + divergence, (x, z, w))
    found = (result.objective, divergence, result.dense(), *gradients)
    return tuple(tensor.detach().cpu() for tensor in found)


def assert_equal(found: Values, expected: Values) -> None:
    for tensor, reference in zip(found, expected, strict=True):
        # different starts of the annealing end within the tolerance of each other
        atol = 2e-3 * float(reference.abs().max())
        torch.testing.assert_close(tensor, reference, rtol=1e-3, atol=atol)


def test_plain_tensors_are_taken_on_the_cpu() -> None:
    assert not transport.uses_keops(torch.zeros(3, 2))


@pytest.mark.slow  # KeOps compiles for minutes at its first use
def test_keops_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pykeops")
    expected = values("cpu")
    monkeypatch.setattr(transport, "uses_keops", lambda like: True)
    assert_equal(values("cpu"), expected)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_same() -> None:
    assert_equal(values("cuda"), values("cpu"))
