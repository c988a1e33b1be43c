from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from gwae_core.builtin.datasets import IDX
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError

FASHION = Path("/usr/share/datasets/fashion-mnist")


def encode(array: np.ndarray, magic: int | None = None) -> bytes:
    magic = 0x0800 + array.ndim if magic is None else magic
    return struct.pack(f">I{array.ndim}I", magic, *array.shape) + array.astype(np.uint8).tobytes()


X = np.random.default_rng(0).integers(0, 256, (20, 6, 5))
Y = np.arange(20) % 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(encode(X[:14]))
    (tmp_path / "train-labels.idx1-ubyte.gz").write_bytes(gzip.compress(encode(Y[:14])))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(encode(X[14:])))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(encode(Y[14:]))
    return tmp_path


def load(**fields: object) -> object:
    return IDX(IDX.Config.model_validate(fields)).load()


def test_a_folder_with_a_test_part(folder: Path) -> None:
    data = IDX(IDX.Config(folder=folder)).load()
    check_arrays(data)
    np.testing.assert_allclose(data.x, X[:, None] / 255, rtol=1e-6)
    assert data.x.dtype == np.float32
    np.testing.assert_array_equal(data.y, Y)
    assert data.test_from == 14
    assert data.label_names == ("0", "1", "2")


def test_files_limit_layout_and_names(folder: Path) -> None:
    config = IDX.Config(
        images=folder / "train-images-idx3-ubyte",
        labels=folder / "train-labels.idx1-ubyte.gz",
        limit=5,
        layout="flat",
        label_names=("a", "b", "c"),
    )
    data = IDX(config).load()
    np.testing.assert_allclose(data.x, X[:5].reshape(5, 30) / 255, rtol=1e-6)
    np.testing.assert_array_equal(data.y, Y[:5])
    assert data.test_from is None
    assert data.label_names == ("a", "b", "c")


def test_images_without_labels(folder: Path) -> None:
    data = IDX(
        IDX.Config(
            images=folder / "train-images-idx3-ubyte",
            test_images=folder / "t10k-images-idx3-ubyte.gz",
        )
    ).load()
    assert data.y is None and data.label_names is None
    assert data.test_from == 14 and len(data.x) == 20


def test_a_limit_keeps_the_test_part_whole(folder: Path) -> None:
    data = IDX(IDX.Config(folder=folder, limit=3)).load()
    assert data.test_from == 3
    np.testing.assert_array_equal(data.y, [*Y[:3], *Y[14:]])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte", encode(X[:14])[:-1], r"truncated.*\(14, 6, 5\), 420.*419"),
        ("train-images-idx3-ubyte", encode(X[:14]) + b"\0", "420 bytes, and 421 follow"),
        ("train-images-idx3-ubyte", encode(X[:14])[:10], "truncated"),
        ("train-images-idx3-ubyte", b"", "not an IDX file: it begins with nothing"),
        ("train-images-idx3-ubyte", b"\x89PNG....", "begins with 89504e47, expected.*00000803"),
        ("train-images-idx3-ubyte", encode(Y[:14]), "holds 1-dimensional"),
        ("train-images-idx3-ubyte", encode(X[:14], 0x0D03), "IDX type 0x0d"),
        ("train-images-idx3-ubyte", encode(X[:0]), "holds no pixel"),
        ("train-images-idx3-ubyte", gzip.compress(encode(X[:14]))[:-20], "damaged gzip"),
        ("train-images-idx3-ubyte", b"\x1f\x8b" + b"garbage" * 9, "damaged gzip"),
        ("train-images-idx3-ubyte", encode(X[:13]), "holds 13 images, but .* holds 14 labels"),
        ("t10k-images-idx3-ubyte.gz", encode(X[14:, :5]), r"\(6, 5\), the test images \(5, 5\)"),
    ],
)
def test_damaged_files(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load(folder=folder)


def test_a_missing_file_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz cannot be read") as error:
        load(folder=tmp_path)
    assert "dataset-fashion-mnist" in error.value.hint


def test_half_a_test_part(folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="holds only one of t10k-images"):
        load(folder=folder)


def test_checksums(folder: Path) -> None:
    name = "train-labels.idx1-ubyte.gz"
    right = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    IDX(IDX.Config(folder=folder, sha256={name: right.upper()})).load()
    with pytest.raises(DataError, match=f"checksum {right}; expected 00"):
        load(folder=folder, sha256={name: "00"})


def test_a_checksum_of_no_file_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"sha256 names \['train-label'\]"):
        load(folder=folder, sha256={"train-label": "00"})


def test_labels_need_names(folder: Path) -> None:
    with pytest.raises(DataError, match="labels reach 2, but there are 2 label_names"):
        load(folder=folder, label_names=["a", "b"])


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"folder": "a", "images": "b"},
        {"labels": "a"},
        {"images": "a", "labels": "b", "test_images": "c"},
        {"images": "a", "test_images": "c", "test_labels": "d"},
        {"folder": "a", "limit": 0},
    ],
)
def test_files_that_make_no_data_set_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        IDX.Config.model_validate(fields)


@pytest.mark.skipif(not FASHION.is_dir(), reason="needs the package dataset-fashion-mnist")
def test_fashion_mnist() -> None:
    data = IDX(IDX.Config(folder=FASHION, limit=6000)).load()
    assert data.x.shape == (16000, 1, 28, 28)
    assert data.test_from == 6000
    assert np.bincount(data.y[6000:]).tolist() == [1000] * 10
