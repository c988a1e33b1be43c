"""The transposed convolution that doubles the sides of a map."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

FEW_CHANNELS = 4
"""With so few channels in the result, a CPU's transposed convolution wastes most of its width."""


class UpConvolution(nn.ConvTranspose2d):
    """Transposed convolution of kernel 4, stride 2 and padding 1.

    To few channels it is computed, where no gradient is wanted, as a convolution of kernel 3 to
    four times as many channels, which are the pixels of 2 x 2 squares (Shi et al., 2016): the same
    sums, in half of the time on a CPU. Its gradient would take longer that way.

    Args:
        channels: Channels of the map.
        outputs: Channels of the result.
        odd: Pixels that the result has beyond twice the map's height and width, 0 or 1 each.
    """

    def __init__(self, channels: int, outputs: int, *, odd: tuple[int, int] = (0, 0)) -> None:
        super().__init__(channels, outputs, 4, stride=2, padding=1, output_padding=odd)
        self.by_pixels = outputs <= FEW_CHANNELS and not any(odd)

    def forward(self, x: Tensor, output_size: Any = None) -> Tensor:
        """The map (n, channels, h, w) at twice its size: (n, outputs, 2 h, 2 w)."""
        if torch.is_grad_enabled() or x.device.type != "cpu" or not self.by_pixels:
            return super().forward(x, output_size)
        assert self.bias is not None
        bias = self.bias.repeat_interleave(4)
        squares = nn.functional.conv2d(x, self._of_pixels(), bias, padding=1)
        return nn.functional.pixel_shuffle(squares, 2)

    def _of_pixels(self) -> Tensor:
        """The kernel (4 outputs, channels, 3, 3) of each pixel of a square.

        Row a of a square sees the map's row i + r by the kernel's row a + 1 - 2 r.
        """
        channels, outputs = self.weight.shape[:2]
        kernel = self.weight.new_zeros(outputs, 2, 2, channels, 3, 3)
        seen = [(a, r, a + 1 - 2 * r) for a in (0, 1) for r in (-1, 0, 1)]
        seen = [(a, r + 1, k) for a, r, k in seen if 0 <= k < 4]
        for a, r, row in seen:
            for b, s, column in seen:
                kernel[:, a, b, :, r, s] = self.weight[:, :, row, column].T
        return kernel.flatten(0, 2)
