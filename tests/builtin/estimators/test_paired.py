"""The estimator whose coupling is given."""

import pytest
import torch
from torch import Tensor

from gwae_core.builtin.estimators import Paired
from gwae_core.errors import SpaceError
from gwae_core.spaces import MMSpace

PAIRED = Paired(Paired.Config())


def points(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("rho", [1.0, 2.0, 3.0])
def test_value_is_the_double_sum(rho: float) -> None:
    x, z = MMSpace(points(6, 4)), MMSpace(points(6, 2, 1))
    expected = sum(
        abs(float(x.d[i, j] - z.d[i, j])) ** rho / 36 for i in range(6) for j in range(6)
    )
    assert float(PAIRED(x, z, rho=rho).value) == pytest.approx(expected)


def test_weights_count_on_both_rows_of_a_pair() -> None:
    w = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64)
    x, z = points(3, 4), points(3, 2, 1)
    twice = torch.tensor([0, 0, 1, 2])  # weight 1/2 is the same as two points of 1/4
    weighted = PAIRED(MMSpace(x, weights=w), MMSpace(z, weights=w))
    repeated = PAIRED(MMSpace(x[twice]), MMSpace(z[twice]))
    assert float(weighted.value) == pytest.approx(float(repeated.value))


def test_an_isometric_copy_in_the_same_order_has_no_distortion() -> None:
    x = points(12, 5)
    rotation = torch.linalg.qr(points(5, 5, 2)).Q
    assert float(PAIRED(MMSpace(x), MMSpace(x @ rotation + 3)).value) < 1e-20


def test_one_point_has_value_zero_and_a_finite_gradient() -> None:
    z = points(1, 2).requires_grad_()
    result = PAIRED(MMSpace(points(1, 4)), MMSpace(z), rho=1.0)
    result.value.backward()
    assert float(result.value.detach()) == 0
    assert torch.isfinite(z.grad).all()


def test_gradient_agrees_with_finite_differences() -> None:
    x = MMSpace(points(5, 4))
    z = points(5, 2, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: PAIRED(x, MMSpace(z), rho=1.5).value, (z,))


def test_unequal_sizes_are_refused_with_a_remedy() -> None:
    with pytest.raises(SpaceError, match="3 and 4 points") as caught:
        PAIRED(MMSpace(points(3, 2)), MMSpace(points(4, 2)))
    assert "solves" in (caught.value.hint or "")
