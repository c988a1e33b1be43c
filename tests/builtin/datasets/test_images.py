"""Images from a folder."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from gwae_core.builtin.datasets import Images
from gwae_core.errors import DataError

RNG = np.random.default_rng(0)


def save(path: Path, height: int = 8, width: int = 8, colour: object = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if colour is not None:
        Image.new("RGB", (width, height), colour).save(path)
    else:
        Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)
    return path


def load(folder: Path, **values: object):
    return Images(Images.Config(folder=folder, **({"size": 8} | values))).load()


def test_pixels_of_the_right_size_come_through_unchanged(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    for k, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{k}.png")
    data = load(tmp_path)
    assert data.x.dtype == np.float32 and data.y is None
    assert np.allclose(data.x, np.moveaxis(pixels, 3, 1) / 255)


def test_files_are_in_natural_order(tmp_path: Path) -> None:
    for k in (10, 9, 1, 2):
        save(tmp_path / f"image{k}.png", colour=(k, 0, 0))
    assert (load(tmp_path).x[:, 0, 0, 0] * 255).round().tolist() == [1, 2, 9, 10]


def test_subfolders_are_classes_in_natural_order(tmp_path: Path) -> None:
    for name, count in (("class10", 2), ("class9", 3), ("empty", 0)):
        (tmp_path / name).mkdir()
        for k in range(count):
            save(tmp_path / name / f"{k}.png")
    data = load(tmp_path)
    assert data.label_names == ("class9", "class10")
    assert data.y.tolist() == [0, 0, 0, 1, 1]
    assert load(tmp_path, limit=1).y.tolist() == [0, 1]
    assert load(tmp_path, labels="none").y is None
    assert len(load(tmp_path, labels="none", limit=4).x) == 4


def test_images_beside_the_subfolders_have_no_label(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "class" / "b.png")
    assert load(tmp_path).y is None and len(load(tmp_path).x) == 2
    with pytest.raises(DataError, match=r"a\.png lies in no class subfolder"):
        load(tmp_path, labels="folders")


def test_the_centre_of_a_wide_or_high_image_is_kept(tmp_path: Path) -> None:
    wide = np.zeros((10, 30, 3), dtype=np.uint8)
    wide[:, 10:20] = 255
    Image.fromarray(wide).save(tmp_path / "1.png")
    Image.fromarray(np.swapaxes(wide, 0, 1)).save(tmp_path / "2.png")
    assert (load(tmp_path, size=10).x == 1).all()
    assert load(tmp_path, size=(5, 20)).x.shape == (2, 3, 5, 20)


def test_grey_is_one_channel_of_the_same_brightness(tmp_path: Path) -> None:
    save(tmp_path / "a.png", colour=(100, 100, 100))
    assert np.allclose(load(tmp_path, channels="grey").x, 100 / 255)
    assert load(tmp_path, channels="grey").x.shape == (1, 1, 8, 8)


def test_the_camera_s_orientation_and_transparency_are_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 4), "black")
    image.paste("white", (0, 0, 4, 4))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    image.save(tmp_path / "turned.png", exif=exif)
    data = load(tmp_path, size=(8, 4))
    assert (data.x[0, 0, :4] == 1).all() and (data.x[0, 0, 4:] == 0).all()

    clear = np.full((8, 8, 4), 255, dtype=np.uint8)
    clear[:, :4, 3] = 0
    (tmp_path / "clear").mkdir()
    Image.fromarray(clear).save(tmp_path / "clear" / "a.png")
    x = load(tmp_path / "clear").x
    assert (x[..., :4] == 0).all() and (x[..., 4:] == 1).all()


def damaged(path: Path, kind: str) -> Path:
    save(path, 64, 64)
    raw = path.read_bytes()
    content = {
        "truncated": raw[: len(raw) // 2],
        "empty": b"",
        "text": b"this is no image",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
    }
    path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize("kind", ["truncated", "empty", "text", "postscript"])
def test_a_damaged_file_is_named(tmp_path: Path, kind: str) -> None:
    save(tmp_path / "good.png")
    path = damaged(tmp_path / "bad.png", kind)
    with pytest.raises(DataError, match=r"bad\.png cannot be read as an image") as caught:
        load(tmp_path)
    assert str(path) in caught.value.message and "good" not in caught.value.message


def bomb(path: Path, side: int) -> Path:
    """A PNG that declares many pixels and holds a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = [
        chunk(b"IHDR", header),
        chunk(b"IDAT", zlib.compress(b"\0" * 1000)),
        chunk(b"IEND", b""),
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


@pytest.mark.parametrize(
    ("side", "message"),
    [(8_000, "has 8000 x 8000 pixels; allowed: 50,000,000"), (50_000, "DecompressionBombError")],
)
def test_a_small_file_of_many_pixels_is_refused_unopened(
    tmp_path: Path, side: int, message: str
) -> None:
    assert bomb(tmp_path / "bomb.png", side).stat().st_size < 200
    with pytest.raises(DataError, match=message):
        load(tmp_path)


def test_sixteen_bits_are_refused_rather_than_clipped(tmp_path: Path) -> None:
    deep = RNG.integers(0, 65536, (8, 8)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    with pytest.raises(DataError, match=r"deep\.png has more than 8 bits"):
        load(tmp_path)


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_followed(tmp_path: Path) -> None:
    secret = save(tmp_path / "elsewhere" / "secret.png")
    inside = save(tmp_path / "folder" / "a.png").parent
    (inside / "b.png").symlink_to(inside / "a.png")
    assert len(load(inside).x) == 2
    (inside / "c.png").symlink_to(secret)
    with pytest.raises(DataError, match=r"c\.png is a link that leads out of"):
        load(inside)


def test_likely_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        load(tmp_path / "none")
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(DataError, match="holds no image"):
        load(tmp_path)
    with pytest.raises(ValidationError, match="values an image"):
        Images.Config(folder=tmp_path, size=100_000)


def test_more_than_the_memory_holds_is_refused_before_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.png")
    monkeypatch.setattr("gwae_core.builtin.datasets.images.MAX_BYTES", 100)
    with pytest.raises(DataError, match="would fill") as caught:
        load(tmp_path)
    assert "data: arrays" in str(caught.value.hint)
