"""The transposed convolution that doubles the sides of a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

FEW_CHANNELS = 8
"""With so few channels in the result, a CPU's transposed convolution wastes most of its width."""


class UpConvolution(nn.ConvTranspose2d):
    """Transposed convolution of kernel 4, stride 2 and padding 1.

    Args:
        channels: Channels of the map.
        outputs: Channels of the result.
        odd: Pixels that the result has beyond twice the map's height and width, 0 or 1 each.
    """

    def __init__(self, channels: int, outputs: int, *, odd: tuple[int, int] = (0, 0)) -> None:
        super().__init__(channels, outputs, 4, stride=2, padding=1, output_padding=odd)

    def forward(self, x: Tensor, output_size: Any = None) -> Tensor:
        """The map (n, channels, h, w) at twice its size: (n, outputs, 2 h, 2 w)."""
        return up_convolution(x, self.weight, self.bias, odd=self.output_padding)


def up_convolution(
    x: Tensor, weight: Tensor, bias: Tensor | None, *, odd: Sequence[int] = (0, 0)
) -> Tensor:
    """Transposed convolution of kernel 4, stride 2 and padding 1.

    To few channels it is computed on a CPU, in half of the time, as a convolution of kernel 2 to
    four times as many channels: pixels (2 i + a, 2 j + b) of the result for each of the four (a, b)
    (Shi et al., 2016), the same sums.

    Args:
        x: Maps, (n, channels, h, w).
        weight: Kernel, (channels, outputs, 4, 4).
        bias: Bias, (outputs,), or None.
        odd: Pixels that the result has beyond twice the maps' height and width, 0 or 1 each.

    Returns:
        Maps, (n, outputs, 2 h + odd[0], 2 w + odd[1]).
    """
    if x.device.type != "cpu" or weight.shape[1] > FEW_CHANNELS or any(odd):
        return nn.functional.conv_transpose2d(
            x, weight, bias, stride=2, padding=1, output_padding=tuple(odd)
        )
    bias = weight.new_zeros(weight.shape[1]) if bias is None else bias
    if torch.is_autocast_enabled("cpu") and weight.dtype == torch.float32:
        dtype = torch.get_autocast_dtype("cpu")
        x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
    doubled: Tensor = _ByPixels.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return doubled


class _ByPixels(torch.autograd.Function):
    """The gradient is computed as that of the transposed convolution, which is faster there."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        (n, _, h, w), outputs = x.shape, weight.shape[1]
        # row 2 i + a sums the map's rows i - 1 + a and i + a, by these rows of the kernel
        taken = torch.tensor([[3, 1], [2, 0]])
        kernel = weight[:, :, taken[:, None, :, None], taken[None, :, None, :]]
        kernel = kernel.permute(2, 3, 1, 0, 4, 5).flatten(0, 2)  # (4 outputs, channels, 2, 2)
        parts = nn.functional.conv2d(x, kernel, bias.repeat(4), padding=1)
        doubled = x.new_empty((n, 2 * h, 2 * w, outputs)).movedim(3, 1)  # channels last
        for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
            part = parts[:, (2 * a + b) * outputs :][:, :outputs, a : a + h, b : b + w]
            doubled[:, :, a::2, b::2] = part
        return doubled

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:2])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        stride, padding, dilation, no_padding = (2, 2), (1, 1), (1, 1), (0, 0)
        found: tuple[Tensor | None, ...] = torch.ops.aten.convolution_backward(
            gradient,
            x,
            weight,
            [weight.shape[1]],
            stride,
            padding,
            dilation,
            True,
            no_padding,
            1,
            list(ctx.needs_input_grad),
        )
        return found
