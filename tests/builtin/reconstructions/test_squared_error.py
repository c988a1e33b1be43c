from __future__ import annotations

import torch

from gwae_core.builtin.reconstructions import SquaredError


def test_half_the_sum_of_squares_of_each_point() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 5, 3, 4, generator=generator, dtype=torch.float64)
    loss = SquaredError(SquaredError.Config()).loss(y, x)
    expected = [0.5 * sum((a - b) ** 2 for a, b in zip(r, s, strict=True)) for r, s in
                zip(x.flatten(1).tolist(), y.flatten(1).tolist(), strict=True)]  # fmt: skip
    torch.testing.assert_close(loss, torch.tensor(expected, dtype=torch.float64))


def test_the_gradient_is_the_residual() -> None:
    y = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    x = torch.ones(5, 3)
    SquaredError(SquaredError.Config()).loss(y, x).sum().backward()
    torch.testing.assert_close(y.grad, (y - x).detach())


def test_the_mean_is_the_decoder_output_and_any_data_will_do() -> None:
    reconstruction = SquaredError(SquaredError.Config())
    y = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert reconstruction.mean(y) is y
    assert reconstruction.output_shape((3, 8, 8)) == (3, 8, 8)
    reconstruction.check_data(-1e9, 1e9)
