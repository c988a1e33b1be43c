from __future__ import annotations

import io

import matplotlib.image
import numpy as np
import pytest

from gwae_core.report.pictures import GAP, Range, grid, is_picture, pairs, png, tiles

UNIT = Range(0.0, 1.0)


def test_values_outside_the_unit_interval_are_stretched_and_within_it_they_are_not() -> None:
    assert Range.of(np.array([0.2, 0.6])) == UNIT
    assert Range.of(np.array([-1.0, 3.0])) == Range(-1.0, 3.0)
    assert Range.of(np.array([5.0, 5.0])) == Range(5.0, 6.0)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((1, 8, 8), True), ((3, 64, 64), True), ((1, 1, 8), False), ((64,), False), ((8, 8), False)],
)
def test_what_is_shown_as_an_image(shape: tuple[int, ...], expected: bool) -> None:
    assert is_picture(shape) is expected


def test_small_images_are_enlarged_by_a_whole_factor_and_large_ones_are_not() -> None:
    assert tiles(np.zeros((2, 1, 8, 8)), UNIT).shape == (2, 56, 56, 3)
    assert tiles(np.zeros((2, 1, 28, 20)), UNIT).shape == (2, 84, 60, 3)
    assert tiles(np.zeros((2, 3, 64, 64)), UNIT).shape == (2, 64, 64, 3)


def test_colours_stay_in_place_and_values_are_clipped() -> None:
    image = np.zeros((1, 3, 64, 64))
    image[0, 0, 3, 5], image[0, 2, 3, 5] = 2.0, -1.0
    tile = tiles(image, UNIT)[0]
    np.testing.assert_array_equal(tile[3, 5], [255, 0, 0])
    assert tile.sum() == 255


def test_one_channel_is_grey_and_of_two_the_mean_is_shown() -> None:
    image = np.stack([np.full((64, 64), 0.2), np.full((64, 64), 0.6)])[None]
    np.testing.assert_array_equal(tiles(image[:, :1], UNIT)[0, 0, 0], [51, 51, 51])
    np.testing.assert_array_equal(tiles(image, UNIT)[0, 0, 0], [102, 102, 102])


def test_a_grid_fills_rows_and_leaves_the_rest_white() -> None:
    rgb = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 5, 6, 3), np.uint8)
    picture = grid(rgb, 2, row_gap=10)
    assert picture.shape == (2 * 5 + 10, 2 * 6 + GAP, 3)
    assert (picture[:5, :6] == 0).all() and (picture[:5, 6 + GAP :] == 1).all()
    assert (picture[15:, :6] == 2).all() and (picture[15:, 6:] == 255).all()
    assert (picture[5:15] == 255).all()


def test_pairs_put_the_first_above_the_second() -> None:
    above, below = np.zeros((2, 5, 6, 3), np.uint8), np.full((2, 5, 6, 3), 9, np.uint8)
    stacked = pairs(above, below)
    assert stacked.shape == (2, 11, 6, 3)
    assert (stacked[:, :5] == 0).all() and (stacked[:, 6:] == 9).all()


def test_a_png_holds_the_pixels() -> None:
    picture = np.random.default_rng(0).integers(256, size=(7, 5, 3)).astype(np.uint8)
    read = matplotlib.image.imread(io.BytesIO(png(picture)))[..., :3]
    np.testing.assert_array_equal(np.round(255 * read).astype(np.uint8), picture)
