"""Omniglot, on folders of the published form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gwae_core.builtin.datasets import Omniglot
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError


def published(folder: Path) -> None:
    """Two alphabets for training and one for evaluation, drawn by three people."""
    number = 0
    for part, alphabets in (
        ("images_background", {"Greek": 3, "Latin": 2}),
        ("images_evaluation", {"Tengwar": 4}),
    ):
        for alphabet, characters in alphabets.items():
            for character in range(1, characters + 1):
                number += 1
                place = folder / part / alphabet / f"character{character:02d}"
                place.mkdir(parents=True)
                for drawer in (1, 2, 3):
                    ink = np.ones((105, 105), dtype=bool)
                    ink[: 10 * character, : 20 * drawer] = False
                    Image.fromarray(ink).save(place / f"{number:04d}_{drawer:02d}.png")


def load(folder: Path, **values: object):
    return Omniglot(Omniglot.Config(folder=folder, **values)).load()


def test_drawings_have_alphabet_character_and_drawer(tmp_path):
    published(tmp_path)
    data = load(tmp_path)
    assert data.x.shape == (15, 1, 28, 28) and data.test_from is None
    assert data.label_names == ("Greek", "Latin")
    assert data.y.tolist() == [0] * 9 + [1] * 6
    assert data.factor_names == ("alphabet", "character", "drawer")
    assert data.factors[:, 1].tolist() == np.repeat(np.arange(5), 3).tolist()
    assert data.factors[:, 2].tolist() == [0, 1, 2] * 5
    check_arrays(data)
    # Ink is 1, on 0: as much of it as was drawn.
    character = np.array([1, 2, 3, 1, 2])[data.factors[:, 1].astype(int)]
    drawn = 10 * character * 20 * (data.factors[:, 2] + 1) / 105**2
    assert np.allclose(data.x.mean((1, 2, 3)), drawn, atol=0.01)
    assert data.x.min() >= 0 and data.x.max() <= 1


def test_the_other_alphabets_are_the_test_part(tmp_path):
    published(tmp_path)
    data = load(tmp_path, part="both", labels="character", size=105)
    assert data.x.shape == (27, 1, 105, 105) and data.test_from == 15
    assert len(data.label_names) == 9 and data.label_names[-1] == "Tengwar/character04"
    assert not set(data.y[:15]) & set(data.y[15:])
    assert set(np.unique(data.x)) == {0.0, 1.0}
    alone = load(tmp_path, part="evaluation", size=105)
    assert np.array_equal(alone.x, data.x[15:]) and alone.label_names == ("Tengwar",)
    assert alone.test_from is None


def test_a_limit_takes_each_label_evenly(tmp_path):
    published(tmp_path)
    data = load(tmp_path, part="both", labels="character", limit=5)
    assert data.x.shape[0] == 10 and data.test_from == 5
    assert sorted(data.y[:5]) == [0, 1, 2, 3, 4]


def test_likely_mistakes_are_named(tmp_path):
    with pytest.raises(DataError, match=r"no such folder: .*images_background") as caught:
        load(tmp_path)
    assert "github.com/brendenlake/omniglot" in str(caught.value.hint)
    (tmp_path / "images_background").mkdir()
    with pytest.raises(DataError, match="holds no drawing ALPHABET/characterNN"):
        load(tmp_path)
    (tmp_path / "images_background").rmdir()
    published(tmp_path)
    drawing = tmp_path / "images_background/Latin/character01/0004_01.png"
    raw = drawing.read_bytes()
    drawing.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match=r"0004_01\.png cannot be read as an image"):
        load(tmp_path)
    drawing.rename(drawing.with_name("sketch.png"))
    with pytest.raises(DataError, match=r"sketch\.png is not named as drawings of Omniglot are"):
        load(tmp_path)
