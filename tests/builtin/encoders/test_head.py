from __future__ import annotations

import torch

from gwae_core.builtin.encoders.head import soft_clamp


def test_soft_clamp_is_monotone_and_bounded() -> None:
    v = torch.linspace(-100, 100, 2001, dtype=torch.float64)
    y = soft_clamp(v, -8, 2)
    assert (y.diff() > 0).all()
    assert -8 < y[0] < -7.98 and 1.98 < y[-1] < 2
    assert soft_clamp(torch.tensor(-3.0), -8, 2) == -3


def test_soft_clamp_has_a_gradient_far_outside_in_float32() -> None:
    v = torch.tensor([-1e3, -50.0, 0.0, 50.0, 1e3], requires_grad=True)
    soft_clamp(v, -8, 2).sum().backward()
    u = (v.detach().double() + 3) / 5
    torch.testing.assert_close(v.grad.double(), (1 + u**2) ** -1.5, rtol=1e-2, atol=0)


def test_soft_clamp_gradient_by_finite_differences() -> None:
    v = torch.linspace(-20, 20, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: soft_clamp(t, -8, 2), (v,))
