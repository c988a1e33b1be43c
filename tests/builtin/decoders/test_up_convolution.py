from __future__ import annotations

import pytest
import torch

from gwae_core.builtin.decoders.up_convolution import UpConvolution


@pytest.mark.parametrize(
    ("channels", "outputs", "size", "odd"),
    [
        (5, 3, (4, 7), (0, 0)),
        (2, 1, (1, 1), (0, 0)),
        (3, 2, (5, 3), (1, 0)),
        (3, 9, (4, 4), (0, 0)),
    ],
)
def test_the_sums_are_those_of_a_transposed_convolution_with_and_without_a_graph(
    channels: int, outputs: int, size: tuple[int, int], odd: tuple[int, int]
) -> None:
    up = UpConvolution(channels, outputs, odd=odd).double()
    x = torch.randn(3, channels, *size, dtype=torch.float64)
    expected = torch.nn.functional.conv_transpose2d(
        x, up.weight, up.bias, stride=2, padding=1, output_padding=odd
    )
    assert expected.shape == (3, outputs, 2 * size[0] + odd[0], 2 * size[1] + odd[1])
    assert torch.equal(up(x), expected)
    with torch.no_grad():
        assert torch.allclose(up(x), expected, rtol=1e-12, atol=1e-12)
