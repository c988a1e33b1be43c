"""The activation of the neural priors."""

from __future__ import annotations

import torch

from gwae_core.builtin.priors.leaky_silu import LeakySiLU


def test_it_is_a_leaky_silu() -> None:
    x = torch.linspace(-8, 8, 33)
    expected = 0.8 * x * torch.sigmoid(x) + 0.2 * x
    assert torch.allclose(LeakySiLU(0.2)(x), expected, atol=1e-6)


def test_its_slope_never_dies_out() -> None:
    x = torch.tensor([-50.0, 50.0], requires_grad=True)
    (slope,) = torch.autograd.grad(LeakySiLU(0.2)(x).sum(), x)
    assert torch.allclose(slope, torch.tensor([0.2, 1.0]), atol=1e-6)
