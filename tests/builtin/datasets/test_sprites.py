"""Sprites against geometry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwae_core.builtin.datasets.sprites import AREA, FIRST, SHAPES, TRAVEL, render_sprites
from gwae_core.errors import DataError

RNG = np.random.default_rng(0)
NUMBER = dict(zip(SHAPES, range(3), strict=True))


def sprite(shape: str, *, scale=1.0, orientation=0.0, x=0.5, y=0.5, size=64) -> np.ndarray:
    picture = render_sprites(
        NUMBER[shape], scale=scale, orientation=orientation, x=x, y=y, size=size
    )
    assert picture.shape == (1, 1, size, size) and picture.dtype == np.float32
    return picture[0, 0]


def points(picture: np.ndarray) -> np.ndarray:
    """White pixels as complex numbers from their centroid, the imaginary axis upward."""
    row, column = np.nonzero(picture)
    z = column - 1j * row
    return z - z.mean()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [0.5, 0.7, 1.0])
def test_the_area_is_that_of_the_shape(shape, scale):
    n = 600
    pictures = render_sprites(
        np.full(n, NUMBER[shape]),
        scale=scale,
        orientation=RNG.uniform(0, 2 * np.pi, n),
        x=RNG.uniform(size=n),
        y=RNG.uniform(size=n),
    )
    assert set(np.unique(pictures)) == {0.0, 1.0}
    areas = pictures.sum((1, 2, 3))
    # The expected count over random places is the area; one count errs by less than the outline.
    assert areas.mean() == pytest.approx(AREA * scale**2, rel=5e-3)
    assert np.abs(areas / (AREA * scale**2) - 1).max() < 0.16


@pytest.mark.parametrize("shape", SHAPES)
def test_the_centroid_is_the_place(shape):
    n = 300
    x, y = RNG.uniform(size=(2, n))
    pictures = render_sprites(
        np.full(n, NUMBER[shape]),
        scale=RNG.uniform(0.5, 1, n),
        orientation=RNG.uniform(0, 2 * np.pi, n),
        x=x,
        y=y,
    )[:, 0]
    weights = pictures / pictures.sum((1, 2), keepdims=True)
    column = (weights.sum(1) * (np.arange(64) + 0.5)).sum(1)
    row = (weights.sum(2) * (np.arange(64) + 0.5)).sum(1)
    for found, expected in ((column, FIRST + TRAVEL * x), (row, FIRST + TRAVEL * y)):
        assert np.abs(found - expected).max() < 0.5
        assert np.abs((found - expected).mean()) < 0.03


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from([0.6, 0.8, 1.0]), st.floats(0, 2 * np.pi))
def test_the_orientation_is_seen_in_the_shape(scale, orientation):
    # The main axis of the ellipse; sum z^2 turns by twice the angle.
    z = points(sprite("ellipse", scale=scale, orientation=orientation))
    assert difference(np.angle((z**2).sum()) / 2, orientation, np.pi) < 0.09
    # The corners of the square lie at an eighth of a turn.
    z = points(sprite("square", scale=scale, orientation=orientation))
    assert difference(np.angle((z**4).sum()) / 4, orientation + np.pi / 4, np.pi / 2) < 0.1
    # The heart has three corners, one of which points down.
    z = points(sprite("heart", scale=scale, orientation=orientation))
    assert difference(np.angle((z**3).sum()) / 3, orientation - np.pi / 2, 2 * np.pi / 3) < 0.09
    down = np.exp(1j * (orientation - np.pi / 2))
    along, across = (z / down).real, (z / down).imag
    assert np.abs(across[along > 5 * scale]).max() < np.abs(across[along < -5 * scale]).max()


def difference(angle: float, other: float, period: float) -> float:
    apart = (angle - other) % period
    return min(apart, period - apart)


@pytest.mark.parametrize("orientation", RNG.uniform(0, 2 * np.pi, 20))
def test_the_square_repeats_at_a_quarter_turn_the_ellipse_at_a_half(orientation):
    def turned(shape, by):
        return sprite(shape, scale=0.9, orientation=orientation + by, x=0.3, y=0.61)

    assert np.array_equal(turned("square", 0), turned("square", np.pi / 2))
    assert np.array_equal(turned("ellipse", 0), turned("ellipse", np.pi))
    assert not np.array_equal(turned("ellipse", 0), turned("ellipse", np.pi / 2))
    for by in (np.pi / 2, np.pi):
        assert not np.array_equal(turned("heart", 0), turned("heart", by))
    assert np.array_equal(turned("heart", 0), turned("heart", 2 * np.pi))


def test_a_turn_of_the_sprite_is_a_turn_of_the_picture():
    for shape in SHAPES:
        picture = sprite(shape, orientation=0.3)
        assert np.array_equal(np.rot90(picture), sprite(shape, orientation=0.3 + np.pi / 2))


def test_the_heart_is_the_curve():
    t = np.linspace(0, 2 * np.pi, 20_001)
    curve = 16 * np.sin(t) ** 3 + 1j * (
        13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    )
    area = 0.5 * np.abs((curve[:-1].conj() * curve[1:]).imag.sum())
    unit = np.sqrt(AREA / area)
    z = points(sprite("heart"))
    # Every pixel of the outline lies within a pixel of the curve about its centroid.
    cross = (curve[:-1].conj() * curve[1:]).imag
    centroid = ((curve[:-1] + curve[1:]) * cross).sum() / (3 * cross.sum())
    placed = (curve - centroid) * unit
    edge = [w for w in z if (np.abs(z - w) < 1.1).sum() < 5]
    assert len(edge) > 40
    assert max(np.abs(placed - w).min() for w in edge) < 1.1
    assert np.abs(placed).max() == pytest.approx(np.abs(z).max(), abs=1.0)


def test_smaller_pictures_are_averages_of_blocks():
    for shape in SHAPES:
        full = sprite(shape, orientation=0.7, x=0.2, y=0.9)
        for size in (32, 16):
            k = 64 // size
            expected = full.reshape(size, k, size, k).mean((1, 3))
            found = sprite(shape, orientation=0.7, x=0.2, y=0.9, size=size)
            assert np.array_equal(found, expected)


def test_no_sprite_is_cut_off():
    for shape in SHAPES:
        for orientation in np.linspace(0, 2 * np.pi, 50):
            inner = sprite(shape, orientation=orientation, x=15 / 31, y=16 / 31).sum()
            for x, y in ((0, 0), (1, 1), (0, 1)):
                assert sprite(shape, orientation=orientation, x=x, y=y).sum() == inner


def test_one_call_draws_what_many_draw():
    n = 150
    values = {
        "scale": RNG.uniform(0.5, 1, n),
        "orientation": RNG.uniform(0, 7, n),
        "x": RNG.uniform(size=n),
        "y": RNG.uniform(size=n),
    }
    shape = RNG.integers(0, 3, n)
    together = render_sprites(shape, **values)
    for k in range(n):
        alone = render_sprites(shape[k], **{name: value[k] for name, value in values.items()})
        assert np.array_equal(together[k], alone[0])
    assert render_sprites([], scale=1, orientation=0, x=0, y=0).shape == (0, 1, 64, 64)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shape": 3}, "shapes are 0, 1, 2"),
        ({"scale": 0.0}, r"scales lie in \(0, 1\]; got \[0, 0\]"),
        ({"scale": np.nan}, "scales lie in"),
        ({"orientation": np.inf}, "finite angles"),
        ({"x": 1.5}, r"x lies in \[0, 1\]; got \[1.5, 1.5\]"),
        ({"y": -1}, "y lies in"),
        ({"size": 48}, "64 pixels wide or a divisor of it; got 48"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    given = {"shape": 0, "scale": 1.0, "orientation": 0.0, "x": 0.5, "y": 0.5} | values
    with pytest.raises(DataError, match=message):
        render_sprites(given.pop("shape"), **given)
