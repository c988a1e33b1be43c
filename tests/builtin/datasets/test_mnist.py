"""MNIST, Fashion-MNIST and KMNIST: published files, or small ones of the same format."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from gwae_core.builtin.datasets import IDX, KMNIST, MNIST, FashionMNIST
from gwae_core.builtin.datasets.idx import ROLES
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError

RNG = np.random.default_rng(0)
FASHION = Path("/usr/share/datasets/fashion-mnist")
SETS = [MNIST, FashionMNIST, KMNIST]


def write(path: Path, array: np.ndarray, *, packed: bool = True) -> None:
    raw = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(raw) if packed else raw)


def folder_of(folder: Path, *, packed: bool = True) -> dict[str, np.ndarray]:
    arrays = {}
    for part, n in (("", 200), ("test_", 60)):
        arrays[f"{part}images"] = RNG.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        arrays[f"{part}labels"] = RNG.permutation(np.arange(n) % 10).astype(np.uint8)
    for role, name in ROLES.items():
        write(folder / (f"{name}.gz" if packed else name), arrays[role], packed=packed)
    return arrays


def load(kind: type, folder: Path, **values: object):
    return kind(kind.Config(folder=folder, **values)).load()


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("packed", [True, False])
def test_the_four_files_are_one_data_set_with_the_test_part_at_its_end(tmp_path, kind, packed):
    arrays = folder_of(tmp_path, packed=packed)
    data = load(kind, tmp_path, verify=False)
    assert data.x.shape == (260, 1, 28, 28) and data.test_from == 200
    assert np.array_equal(data.x[200:, 0], arrays["test_images"] / np.float32(255))
    assert np.array_equal(data.y, [*arrays["labels"], *arrays["test_labels"]])
    assert len(data.label_names) == 10
    check_arrays(data)
    same = IDX(IDX.Config(folder=tmp_path, layout="flat")).load()
    assert np.array_equal(load(kind, tmp_path, verify=False, layout="flat").x, same.x)


def test_limits_take_each_class_evenly_by_seed(tmp_path):
    folder_of(tmp_path)
    data = load(MNIST, tmp_path, verify=False, limit=50, test_limit=25)
    assert data.x.shape == (75, 1, 28, 28) and data.test_from == 50
    assert (np.bincount(data.y[:50]) == 5).all()
    assert set(np.bincount(data.y[50:])) == {2, 3}
    again = load(MNIST, tmp_path, verify=False, limit=50, test_limit=25)
    assert np.array_equal(data.x, again.x)
    other = load(MNIST, tmp_path, verify=False, limit=50, test_limit=25, limit_seed=1)
    assert not np.array_equal(data.x, other.x)
    whole = load(MNIST, tmp_path, verify=False)
    taken = {x.tobytes(): y for x, y in zip(whole.x, whole.y, strict=True)}
    assert all(taken[x.tobytes()] == y for x, y in zip(data.x, data.y, strict=True))
    assert len({x.tobytes() for x in data.x}) == 75
    with pytest.raises(DataError, match="201 data points are asked for, but there are 200"):
        load(MNIST, tmp_path, verify=False, limit=201)


@pytest.mark.parametrize("kind", SETS)
def test_other_files_than_the_published_ones_are_refused(tmp_path, kind):
    folder_of(tmp_path)
    with pytest.raises(
        DataError, match=f"is not that of {kind.name()}: its MD5 checksum"
    ) as caught:
        load(kind, tmp_path)
    assert kind.get_it in str(caught.value.hint) and "data.verify: false" in str(caught.value.hint)


@pytest.mark.parametrize("known", ["content", "file"])
def test_published_files_are_told_by_their_content_or_as_they_lie(tmp_path, monkeypatch, known):
    folder_of(tmp_path)
    sums = {}
    for name in ROLES.values():
        raw = (tmp_path / f"{name}.gz").read_bytes()
        if known == "content":
            sums[name] = hashlib.md5(gzip.decompress(raw)).hexdigest()
        else:
            sums[f"{name}.gz"] = hashlib.md5(raw).hexdigest()
    monkeypatch.setattr(MNIST, "md5", sums)
    assert len(load(MNIST, tmp_path).x) == 260
    name = ROLES["test_labels"]
    raw = bytearray(gzip.decompress((tmp_path / f"{name}.gz").read_bytes()))
    raw[-1] ^= 1
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(raw))
    with pytest.raises(DataError, match=f"{name}.gz is not that of mnist"):
        load(MNIST, tmp_path)


@pytest.mark.parametrize("role", list(ROLES))
def test_missing_and_damaged_files_are_named(tmp_path, role):
    folder_of(tmp_path)
    path = tmp_path / f"{ROLES[role]}.gz"
    path.write_bytes(path.read_bytes()[:-20])
    for verify in (True, False):
        with pytest.raises(DataError, match=r"is a damaged gzip file|is not that of"):
            load(FashionMNIST, tmp_path, verify=verify)
    path.unlink()
    with pytest.raises(DataError, match=f"has no file {ROLES[role]}.gz") as caught:
        load(FashionMNIST, tmp_path)
    assert "apt install dataset-fashion-mnist" in str(caught.value.hint)


def test_a_wrong_folder_says_where_the_files_are_to_be_had(tmp_path):
    for kind in SETS:
        with pytest.raises(DataError, match=r"has no file train-images-idx3-ubyte\.gz") as caught:
            load(kind, tmp_path / "missing")
        assert caught.value.hint == kind.get_it


@pytest.mark.skipif(not FASHION.is_dir(), reason="needs the package dataset-fashion-mnist")
def test_the_real_fashion_mnist_has_the_published_checksums(tmp_path):
    data = FashionMNIST(FashionMNIST.Config(limit=1000)).load()
    assert data.x.shape == (11_000, 1, 28, 28) and data.test_from == 1000
    assert (np.bincount(data.y[:1000]) == 100).all() and (np.bincount(data.y[1000:]) == 1000).all()
    with pytest.raises(DataError, match="is not that of mnist"):
        load(MNIST, FASHION)
    # The checksums hold for the files without compression too.
    for path in FASHION.glob("*.gz"):
        with gzip.open(path) as packed, (tmp_path / path.stem).open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    assert load(FashionMNIST, tmp_path, limit=10, test_limit=10).x.shape == (20, 1, 28, 28)
