from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwae_core.builtin.encoders.stages import Stages
from gwae_core.errors import ComponentError


@pytest.mark.parametrize(
    ("side", "channels", "last"),
    [
        (8, (32,), 4),
        (16, (32, 64), 4),
        (25, (32, 64), 6),
        (28, (32, 64), 7),
        (32, (32, 64, 128), 4),
        (64, (32, 64, 128, 256), 4),
        (256, (32, 64, 128, 256, 256, 256), 4),
    ],
)
def test_default_stages(side: int, channels: tuple[int, ...], last: int) -> None:
    stages = Stages.of((3, side, side), None)
    assert stages.channels == (3, *channels)
    assert stages.innermost == (channels[-1], last, last)
    assert stages.features == channels[-1] * last**2


@given(height=st.integers(8, 600), width=st.integers(8, 600))
def test_the_shorter_side_ends_between_4_and_7(height: int, width: int) -> None:
    stages = Stages.of((1, height, width), None)
    assert 4 <= min(stages.sizes[-1]) <= 7
    for size, half, odd in zip(stages.sizes[:-1], stages.sizes[1:], stages.odd, strict=True):
        assert all(2 * small + lost == s for s, small, lost in zip(size, half, odd, strict=True))


@pytest.mark.parametrize("shape", [(64,), (8, 8), (1, 7, 28), (1, 4, 4), (1, 8, 8, 8)])
def test_other_data_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ComponentError, match="sides are at least 8; got data of shape") as error:
        Stages.of(shape, None)
    assert "encoder: mlp" in error.value.hint


def test_stages_that_leave_nothing_are_refused() -> None:
    assert Stages.of((1, 28, 28), (8, 8, 8, 8)).sizes[-1] == (1, 1)
    with pytest.raises(ComponentError, match="28x28 can be halved 4 times; got 5 channels"):
        Stages.of((1, 28, 28), (8, 8, 8, 8, 8))
