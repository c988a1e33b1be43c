"""CelebA, on a folder of the published form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gwae_core.builtin.datasets import CelebA
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError
from gwae_core.row_source import RowSource
from gwae_core.splits import checksum

NAMES = ("Smiling", "Male", "Eyeglasses")
N = 12


def published(folder: Path, *, partition: bool = True) -> np.ndarray:
    """Pictures of one colour inside the square of 140 pixels and another one outside."""
    (folder / "img_align_celeba").mkdir(parents=True)
    rng = np.random.default_rng(0)
    values = rng.choice([-1, 1], (N, len(NAMES)))
    files = [f"{k + 1:06d}.jpg" for k in range(N)]
    for k, name in enumerate(files):
        pixels = np.zeros((218, 178, 3), np.uint8)
        pixels[39:179, 19:159] = 20 * k
        Image.fromarray(pixels).save(folder / "img_align_celeba" / name, quality=95)
    lines = [str(N), " ".join(NAMES) + " "]
    lines += [f"{f}  " + "  ".join(map(str, v)) for f, v in zip(files, values, strict=True)]
    (folder / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    if partition:
        parts = [0, 2, 1, 0, 2, 0, 0, 1, 2, 0, 0, 0]
        text = "".join(f"{f} {p}\n" for f, p in zip(files, parts, strict=True))
        (folder / "list_eval_partition.txt").write_text(text)
    return values


def load(folder: Path, **values: object):
    return CelebA(CelebA.Config(folder=folder, **({"size": 16} | values))).load()


def brightness(data) -> np.ndarray:
    """Number of each picture by its colour."""
    x = data.x[:]
    assert x.std((1, 2, 3)).max() < 0.02  # the square is cut out
    return np.round(x.mean((1, 2, 3)) * 255 / 20).astype(int)


def test_pictures_attributes_and_the_test_part_fit_together(tmp_path):
    values = published(tmp_path)
    data = load(tmp_path)
    assert isinstance(data.x, RowSource) and data.x.shape == (N, 3, 16, 16)
    assert brightness(data).tolist() == [0, 2, 3, 5, 6, 7, 9, 10, 11, 1, 4, 8]
    assert data.test_from == 9 and data.y is None
    assert data.factor_names == NAMES
    assert np.array_equal(data.factors, (values[brightness(data)] + 1) / 2)
    check_arrays(data)
    assert checksum(data) == checksum(load(tmp_path)) != checksum(load(tmp_path, crop=None))


def test_the_edge_is_there_without_a_crop(tmp_path):
    published(tmp_path)
    picture = load(tmp_path, crop=None, size=178).x[np.array([8])][0]
    assert picture.shape == (3, 178, 178) and picture[:, 0, 0].max() < 0.05
    assert picture[:, 89, 89].min() > 0.8


def test_an_attribute_may_be_the_label(tmp_path):
    published(tmp_path)
    data = load(tmp_path, label="Male")
    assert data.label_names == ("not Male", "Male") and data.y.dtype == np.int64
    assert np.array_equal(data.y, data.factors[:, 1])
    with pytest.raises(DataError, match="'male' is no attribute") as caught:
        load(tmp_path, label="male")
    assert "Smiling, Male, Eyeglasses" in str(caught.value.hint)


def test_limits_are_drawn_from_each_part(tmp_path):
    published(tmp_path)
    data = load(tmp_path, limit=4, test_limit=2)
    assert data.test_from == 4 and len(data.x) == 6
    assert set(brightness(data)[4:]) < {1, 4, 8} and not set(brightness(data)[:4]) & {1, 4, 8}
    with pytest.raises(DataError, match="there are 9 data points"):
        load(tmp_path, limit=10)


def test_without_a_partition_all_are_split_by_seed(tmp_path):
    published(tmp_path, partition=False)
    assert load(tmp_path).test_from is None
    with pytest.raises(DataError, match="says what the test part is"):
        load(tmp_path, test_limit=2)


def test_likely_mistakes_are_named(tmp_path):
    with pytest.raises(DataError, match="no such folder") as caught:
        load(tmp_path / "missing")
    assert "mmlab.ie.cuhk.edu.hk" in str(caught.value.hint)
    with pytest.raises(DataError, match="has no folder img_align_celeba"):
        load(tmp_path)
    published(tmp_path)
    attributes, partition = tmp_path / "list_attr_celeba.txt", tmp_path / "list_eval_partition.txt"
    whole, parts = attributes.read_text(), partition.read_text()
    for text, message in (
        (whole[: len(whole) // 2], "says that it lists 12 pictures, and lists|values; expected 3"),
        (whole.replace("-1", "0", 1), "expected 3 of -1 and 1"),
        ("no list", "is not the published list"),
        ("", "is not the published list"),
    ):
        attributes.write_text(text)
        with pytest.raises(DataError, match=message):
            load(tmp_path)
    attributes.write_text(whole)
    for text in (parts[:-20], parts.replace(" 2", " 3", 1), "x\n"):
        partition.write_text(text)
        with pytest.raises(DataError, match="does not give each picture of"):
            load(tmp_path)
    partition.write_text(parts)
    picture = tmp_path / "img_align_celeba/000003.jpg"
    raw = picture.read_bytes()
    picture.write_bytes(raw[:50])
    with pytest.raises(DataError, match=r"000003\.jpg cannot be read as an image"):
        load(tmp_path).x[:]
    picture.unlink()
    with pytest.raises(DataError, match=r"lacks 1 of the 12 pictures .* the first 000003\.jpg"):
        load(tmp_path)
    attributes.unlink()
    with pytest.raises(DataError, match=r"list_attr_celeba\.txt cannot be read"):
        load(tmp_path)
