"""Products with the decoder's Jacobian."""

from __future__ import annotations

import pytest
import torch
from gwae_baselines.jacobian import pushed
from torch import Tensor


def jacobians(decode, z: Tensor) -> Tensor:
    """One row of the identity after another, by torch's own `jacobian`: (n, D, d)."""
    return torch.stack(
        [torch.autograd.functional.jacobian(lambda w: decode(w[None])[0], each) for each in z]
    )


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad, torch.inference_mode])
def test_a_direction_is_pushed_forward_by_the_jacobian(build, mode) -> None:
    decoder = build("rae").decoder
    z, v = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0)).double()
    expected = torch.einsum("nij,nj->ni", jacobians(decoder, z), v)
    with mode():
        assert torch.allclose(pushed(decoder, z, v), expected, rtol=1e-10)


def test_the_pushed_direction_has_the_gradient_of_finite_differences(build) -> None:
    decoder = build("rae").decoder
    z, v = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0)).double()
    assert torch.autograd.gradcheck(lambda z, v: pushed(decoder, z, v), (z.requires_grad_(), v))
