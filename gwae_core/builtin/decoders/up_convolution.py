"""The transposed convolution that doubles the sides of a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

FEW_CHANNELS = 8
"""With so few channels in the result, a CPU's transposed convolution wastes most of its width."""
IMAGE_CHANNELS = 4
"""So few are those of an image: its next reader is a loss, which takes data as rows."""


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

    Computed on a CPU in its own ways, where those of the library waste time: to few channels as a
    convolution of kernel 2 to four times as many, which takes half of the time, and the gradient of
    the bias as a sum.

    Args:
        x: Maps, (n, channels, h, w).
        weight: Kernel, (channels, outputs, 4, 4).
        bias: Bias, (outputs,), or None.
        odd: Pixels that the result has beyond twice the maps' height and width, 0 or 1 each.

    Returns:
        Maps, (n, outputs, 2 h + odd[0], 2 w + odd[1]).
    """
    if x.device.type != "cpu":
        return nn.functional.conv_transpose2d(
            x, weight, bias, stride=2, padding=1, output_padding=tuple(odd)
        )
    bias = weight.new_zeros(weight.shape[1]) if bias is None else bias
    if torch.is_autocast_enabled("cpu") and weight.dtype == torch.float32:
        dtype = torch.get_autocast_dtype("cpu")
        x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
    doubled: Tensor = _Doubling.apply(x, weight, bias, tuple(odd))  # type: ignore[no-untyped-call]
    return doubled


class _Doubling(torch.autograd.Function):
    """The transposed convolution on a CPU."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor, odd: tuple[int, int]) -> Tensor:
        if weight.shape[1] <= FEW_CHANNELS and not any(odd):
            return _by_pixels(x, weight, bias)
        return nn.functional.conv_transpose2d(
            x, weight, bias, stride=2, padding=1, output_padding=odd
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:2])
        ctx.odd = inputs[3]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        wants_x, wants_weight, wants_bias, _ = ctx.needs_input_grad
        of_x, of_weight, _ = torch.ops.aten.convolution_backward(
            gradient,
            x,
            weight,
            None,
            (2, 2),  # stride
            (1, 1),  # padding
            (1, 1),  # dilation
            True,  # transposed
            ctx.odd,
            1,  # groups
            (wants_x, wants_weight, False),
        )
        of_bias = gradient.sum((0, 2, 3)) if wants_bias else None
        return of_x, of_weight, of_bias, None


def _by_pixels(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Pixels (2 i + a, 2 j + b) of the result for each of the four (a, b) (Shi et al., 2016)."""
    (n, _, h, w), outputs = x.shape, weight.shape[1]
    # row 2 i + a sums the map's rows i - 1 + a and i + a, by these rows of the kernel
    taken = torch.tensor([[3, 1], [2, 0]])
    kernel = weight[:, :, taken[:, None, :, None], taken[None, :, None, :]]
    kernel = kernel.permute(2, 3, 1, 0, 4, 5).flatten(0, 2)  # (4 outputs, channels, 2, 2)
    parts = nn.functional.conv2d(x, kernel, bias.repeat(4), padding=1)
    if outputs <= IMAGE_CHANNELS:
        doubled = x.new_empty((n, outputs, 2 * h, 2 * w))
    else:
        doubled = x.new_empty((n, 2 * h, 2 * w, outputs)).movedim(3, 1)  # channels last
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        part = parts[:, (2 * a + b) * outputs :][:, :outputs, a : a + h, b : b + w]
        doubled[:, :, a::2, b::2] = part
    return doubled
