"""The transposed convolution that doubles sides, by whichever way it is computed."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv_transpose2d

from gwae_core.builtin.decoders.up_convolution import FEW_CHANNELS, UpConvolution, up_convolution


@pytest.mark.parametrize(
    ("channels", "outputs", "size", "odd"),
    [
        (5, 3, (4, 7), (0, 0)),
        (2, 1, (1, 1), (0, 0)),
        (3, 2, (5, 3), (1, 0)),
        (2, FEW_CHANNELS, (3, 2), (0, 0)),
        (3, FEW_CHANNELS + 1, (4, 4), (0, 0)),
    ],
)
@pytest.mark.parametrize("channels_last", [False, True])
def test_sums_and_gradients_are_those_of_a_transposed_convolution(
    channels: int, outputs: int, size: tuple[int, int], odd: tuple[int, int], channels_last: bool
) -> None:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    up = UpConvolution(channels, outputs, odd=odd).double()
    x = torch.randn(3, channels, *size, dtype=torch.float64).to(memory_format=layout)
    x.requires_grad_()
    expected = conv_transpose2d(x, up.weight, up.bias, stride=2, padding=1, output_padding=odd)
    found = up(x)
    assert found.shape == (3, outputs, 2 * size[0] + odd[0], 2 * size[1] + odd[1])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    wanted = (x, up.weight, up.bias)
    weights = torch.randn_like(expected)
    gradients = torch.autograd.grad(found, wanted, weights)
    for one, other in zip(gradients, torch.autograd.grad(expected, wanted, weights), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    with torch.no_grad():
        assert torch.equal(up(x), found)


def small() -> tuple[Tensor, Tensor, Tensor]:
    shapes = ((2, 3, 2, 3), (3, 2, 4, 4), (2,))
    x, weight, bias = (torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes)
    return x, weight, bias


@pytest.mark.parametrize("odd", [(0, 0), (0, 1)])
def test_second_derivatives_are_right(odd: tuple[int, int]) -> None:
    up = partial(up_convolution, odd=odd)
    assert torch.autograd.gradcheck(up, small())
    assert torch.autograd.gradgradcheck(up, small())


def test_the_bias_gets_its_gradient_in_any_order_of_memory() -> None:
    x, weight, bias = (tensor.detach() for tensor in small())
    bias.requires_grad_()
    gradient = torch.randn(2, 2, 4, 6, dtype=torch.float64)
    for order in (torch.contiguous_format, torch.channels_last):
        out = up_convolution(x, weight, bias)
        (found,) = torch.autograd.grad(out, bias, gradient.to(memory_format=order))
        torch.testing.assert_close(found, gradient.sum((0, 2, 3)))


def test_without_a_bias() -> None:
    x, weight, _ = small()
    expected = conv_transpose2d(x, weight, stride=2, padding=1)
    torch.testing.assert_close(up_convolution(x, weight, None), expected)


def test_vector_jacobian_products_of_torch_func() -> None:
    x, weight, bias = (tensor.detach() for tensor in small())
    out, pull = torch.func.vjp(lambda x: up_convolution(x, weight, bias), x)
    _, pull_expected = torch.func.vjp(lambda x: conv_transpose2d(x, weight, bias, 2, 1), x)
    torch.testing.assert_close(pull(out)[0], pull_expected(out)[0])


def test_mixed_precision_computes_in_16_bits_and_keeps_gradients_in_32() -> None:
    up = UpConvolution(4, 3)
    x = torch.randn(2, 4, 8, 8, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = up(x)
    assert found.dtype == torch.bfloat16
    exact = up(x)
    assert (found - exact).norm() <= 2e-2 * exact.norm()
    wanted = (x, up.weight, up.bias)
    for one, other in zip(
        torch.autograd.grad(found.float().square().sum(), wanted),
        torch.autograd.grad(exact.square().sum(), wanted),
        strict=True,
    ):
        assert one.dtype == torch.float32
        assert (one - other).norm() <= 3e-2 * other.norm()
