from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from gwae_core.report.animation import MAX_TILES, SIDE, traversal_animation
from gwae_core.report.pictures import Range

UNIT = Range(0.0, 1.0)
rng = np.random.default_rng(0)


def frames(gif: bytes) -> list[np.ndarray]:
    image = Image.open(io.BytesIO(gif))
    found = []
    for k in range(image.n_frames):
        image.seek(k)
        found.append(np.asarray(image.convert("RGB"), int))
    return found


def test_it_goes_forth_and_back_and_begins_again() -> None:
    decoded = rng.uniform(size=(2, 5, 1, 8, 8))
    shown = traversal_animation(decoded, [3, 1], UNIT, width=2.5)
    found = frames(shown.gif)
    assert len(found) == 8
    np.testing.assert_array_equal(found[1], found[7])
    np.testing.assert_array_equal(found[3], found[5])
    assert not np.array_equal(found[1], found[3])
    assert Image.open(io.BytesIO(shown.gif)).info["loop"] == 0
    assert "latent dimensions 3, 1 each move from 2.5 standard deviations below" in shown.alt


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tile_holds_the_values_of_its_image(channels: int) -> None:
    decoded = np.zeros((1, 2, channels, 8, 8))
    decoded[:, :, 0, :4] = 1.0
    found = frames(traversal_animation(decoded, [0], UNIT, width=2.5).gif)[0]
    tile = found[12 : 12 + SIDE, 12 : 12 + SIDE]
    colour = [255, 255, 255] if channels == 1 else [255, 0, 0]
    assert np.abs(tile[: SIDE // 2] - colour).max() <= 8
    assert tile[SIDE // 2 :].max() <= 8
    np.testing.assert_array_equal(found[:12], 255)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 28, 20), (2, 8, 200), (3, 128, 128)])
@pytest.mark.parametrize(("count", "steps"), [(1, 1), (12, 17)])
def test_any_images_have_an_animation_of_bounded_size(
    shape: tuple[int, ...], count: int, steps: int
) -> None:
    decoded = rng.uniform(size=(count, steps, *shape))
    shown = traversal_animation(decoded, list(range(count)), UNIT, width=2.5)
    found = frames(shown.gif)
    assert len(found) == max(1, 2 * steps - 2)
    assert found[0].shape[1] <= 4 * (SIDE + 12) + 12
    assert len(shown.gif) < 3.5e6  # noise, which compresses worst
    assert str(MAX_TILES) not in shown.alt


def test_it_is_the_same_file_each_time() -> None:
    decoded = rng.uniform(size=(3, 4, 3, 16, 16))
    first, second = (traversal_animation(decoded, [0, 1, 2], UNIT, width=2) for _ in range(2))
    assert first == second
