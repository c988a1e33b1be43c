from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from gwae_core.builtin.datasets import Arrays
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays

RNG = np.random.default_rng(0)


def load(path: Path, **fields: Any) -> DataArrays:
    data = Arrays(Arrays.Config(path=path, **fields)).load()
    check_arrays(data)
    assert data.x.dtype == np.float32
    return data


def npz(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def text(folder: Path, content: str, name: str = "data.csv") -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def test_table_with_labels_and_factors(tmp_path: Path) -> None:
    x, y, f = RNG.normal(size=(9, 4)), np.arange(9) % 3 + 5, RNG.normal(size=(9, 2))
    data = load(npz(tmp_path, x=x, y=y, f=f), y="y", factors=("f",))
    np.testing.assert_allclose(data.x, x, rtol=1e-6)
    np.testing.assert_array_equal(data.y, y - 5)
    assert data.label_names == ("5", "6", "7")
    np.testing.assert_array_equal(data.factors, f)
    assert data.factor_names is None


def test_factors_of_one_column_each_keep_their_names(tmp_path: Path) -> None:
    data = load(npz(tmp_path, x=np.ones((3, 2)), a=np.arange(3), b=np.ones(3)), factors=("b", "a"))
    assert data.factor_names == ("b", "a")
    np.testing.assert_array_equal(data.factors, [[1, 0], [1, 1], [1, 2]])


@pytest.mark.parametrize("key", ["data", "x"])
def test_the_only_array_needs_no_key(tmp_path: Path, key: str) -> None:
    assert load(npz(tmp_path, **{key: np.ones((3, 2))})).x.shape == (3, 2)


def test_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(6).reshape(3, 2))
    np.testing.assert_array_equal(load(tmp_path / "x.npy").x, [[0, 1], [2, 3], [4, 5]])


@pytest.mark.parametrize(
    ("shape", "fields", "expected"),
    [
        ((5, 8, 9), {}, (5, 1, 8, 9)),
        ((5, 3, 8, 9), {}, (5, 3, 8, 9)),
        ((5, 8, 9, 3), {}, (5, 3, 8, 9)),
        ((5, 3, 9, 3), {}, (5, 3, 9, 3)),
        ((5, 8, 9, 2), {"channels": "last"}, (5, 2, 8, 9)),
        ((5, 8, 9, 3), {"channels": "first"}, (5, 8, 9, 3)),
        ((5, 72), {"shape": (1, 8, 9)}, (5, 1, 8, 9)),
        ((5, 8, 9), {"shape": (72,)}, (5, 72)),
        ((5, 2, 3, 2, 6), {"shape": (72,)}, (5, 72)),
        ((5,), {"shape": (1,)}, (5, 1)),
    ],
)
def test_layouts(
    tmp_path: Path, shape: tuple[int, ...], fields: dict[str, Any], expected: tuple[int, ...]
) -> None:
    x = RNG.normal(size=shape)
    data = load(npz(tmp_path, x=x), **fields)
    assert data.x.shape == expected
    assert sorted(data.x.ravel()) == pytest.approx(sorted(x.ravel()), rel=1e-6)


def test_channels_last_moves_the_right_axis(tmp_path: Path) -> None:
    x = RNG.normal(size=(5, 8, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(load(npz(tmp_path, x=x)).x[:, 1], x[..., 1])


def test_scaling(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (6, 8, 8)).astype(np.uint8)
    path = npz(tmp_path, x=images)
    np.testing.assert_allclose(load(path).x[:, 0], images / 255, rtol=1e-6)
    np.testing.assert_array_equal(load(path, scaling="none").x[:, 0], images)
    # Small integers in a table are counts, not grey values.
    path = npz(tmp_path, x=images.reshape(6, 64))
    np.testing.assert_array_equal(load(path).x, images.reshape(6, 64))
    np.testing.assert_allclose(load(path, scaling="bytes").x, images.reshape(6, 64) / 255)


def test_standardize_leaves_constant_columns_finite(tmp_path: Path) -> None:
    x = np.column_stack([RNG.normal(5, 100, 50), np.full(50, 3.0)])
    data = load(npz(tmp_path, x=x), scaling="standardize")
    np.testing.assert_allclose(data.x.mean(0), [0, 0], atol=1e-6)
    np.testing.assert_allclose(data.x.std(0), [1, 0], atol=1e-6)


CSV = "a,kind,b\n1,cat,2\n3,dog,4\n5,cat,6\n"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (CSV, "data.csv"),
        (CSV.replace(",", ";"), "data.csv"),
        (CSV.replace(",", "\t"), "data.tsv"),
        (CSV.replace(",", "\t"), "data.txt"),
        ("\ufeff" + CSV, "data.csv"),
        (CSV.replace("\n", "\r\n"), "data.csv"),
        (CSV.replace("cat", '"cat"').replace("5", " 5 "), "data.csv"),
    ],
)
def test_csv_with_a_header_and_names(tmp_path: Path, content: str, name: str) -> None:
    data = load(text(tmp_path, content, name), y="kind")
    np.testing.assert_array_equal(data.x, [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(data.y, [0, 1, 0])
    assert data.label_names == ("cat", "dog")


def test_csv_without_a_header(tmp_path: Path) -> None:
    data = load(text(tmp_path, "10,.5,1e-3\n9,1.5,2\n10,2,3"), y="0", factors=("2",))
    np.testing.assert_allclose(data.x, [[0.5], [1.5], [2]])
    np.testing.assert_array_equal(data.y, [1, 0, 1])
    assert data.label_names == ("9", "10")
    np.testing.assert_allclose(data.factors, [[1e-3], [2], [3]])
    assert data.factor_names == ("2",)


def test_csv_header_of_numbers(tmp_path: Path) -> None:
    content = "0,1,2\n5,6,7\n"
    np.testing.assert_array_equal(load(text(tmp_path, content)).x, [[5, 6, 7]])
    np.testing.assert_array_equal(
        load(text(tmp_path, content), header=False).x, [[0, 1, 2], [5, 6, 7]]
    )
    np.testing.assert_array_equal(load(text(tmp_path, "5,3\n1,2\n"), header=True).x, [[1, 2]])


def test_csv_of_images(tmp_path: Path) -> None:
    content = "\n".join(",".join(map(str, row)) for row in RNG.integers(0, 255, (4, 64)))
    data = load(text(tmp_path, content), shape=(1, 8, 8), scaling="bytes")
    assert data.x.shape == (4, 1, 8, 8) and data.x.max() <= 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n1,2\n", "begins with an empty line"),
        ("a,b\n", "a header and no row"),
        (",a,b\n0,1,2\n", r"column 0 of .* has no name"),
        ("a,a\n1,2\n", "several columns named 'a'"),
        ("a,b\n1,2\n3,\n", "line 3, column 'b': expected a number, got nothing"),
        ("a,b\n1,x\n", "line 2, column 'b': expected a number, got 'x'"),
        ("1,2\n3,4,5\n", "line 2: 3 cells; the first line has 2"),
        ("1,2\n3\n", "line 2: 1 cells; the first line has 2"),
        ("1,2\n3,nan\n", r"1 values that are NaN or infinite, the first at \[1, 1\]"),
        ("1,2\n3,1e99\n", "1 values that are NaN or infinite"),
    ],
)
def test_bad_csv(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(text(tmp_path, content))


def test_csv_columns_that_are_not_there(tmp_path: Path) -> None:
    path = text(tmp_path, CSV)
    with pytest.raises(DataError, match="no column 'label'; its columns are a, kind, b"):
        load(path, y="label")
    with pytest.raises(DataError, match="no column left"):
        load(path, y="kind", factors=("a", "b"))
    (tmp_path / "data.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not a text file"):
        load(path)


@pytest.mark.parametrize(
    ("arrays", "fields", "message"),
    [
        ({"x": np.array([[1, "a"]], dtype=object)}, {}, "pickled objects"),
        ({"x": np.ones((3, 2)), "y": np.array([1, "a", None])}, {"y": "y"}, "pickled objects"),
        ({"x": np.array([["a"]])}, {}, "of type <U1; expected real numbers"),
        ({"x": np.ones((3, 2), dtype=complex)}, {}, "complex128; expected real"),
        ({"x": np.array([[1, np.nan]])}, {}, r"1 values .* first at \[0, 1\]"),
        ({"x": np.full((2, 3, 3), np.inf)}, {}, "18 values"),
        ({"x": np.ones((0, 4))}, {}, r"empty: shape \(0, 4\)"),
        ({"x": np.ones((4, 0))}, {}, r"empty: shape \(4, 0\)"),
        ({"x": np.float64(3)}, {}, r"empty: shape \(\)|must be"),
        ({"x": np.ones(4)}, {}, r"must be \(n, p\).*got \(4,\)"),
        ({"x": np.ones((4, 2, 3, 3, 3))}, {}, r"must be \(n, p\).*got \(4, 2, 3, 3, 3\)"),
        ({"x": np.ones((4, 9))}, {"shape": (1, 8, 8)}, "64 values a point; the file has 9"),
        ({"a": np.ones((4, 9)), "b": np.ones(4)}, {}, "no array 'x'; it has a, b"),
        ({"x": np.ones((4, 9))}, {"y": "y"}, "no array 'y'; it has x"),
        ({"x": np.ones((4, 9)), "y": np.ones(3)}, {"y": "y"}, r"4 data points, but labels of sh"),
        ({"x": np.ones((4, 9)), "y": np.ones((4, 2))}, {"y": "y"}, r"must have shape \(n,\)"),
        ({"x": np.ones((2, 9)), "y": np.array([1, 1.5])}, {"y": "y"}, r"not whole, such as 1\.5"),
        ({"x": np.ones((2, 9)), "y": np.array([1, np.nan])}, {"y": "y"}, "NaN"),
        ({"x": np.ones((2, 9)), "y": np.ones(2, complex)}, {"y": "y"}, "integers or names"),
        ({"x": np.ones((2, 9)), "f": np.ones((3, 1))}, {"factors": ("f",)}, "factors of shape"),
        ({"x": np.ones((1, 9)), "f": [[np.nan]]}, {"factors": ("f",)}, "factors hold 1"),
    ],
)
def test_bad_archives(
    tmp_path: Path, arrays: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(npz(tmp_path, **arrays), **fields)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path / "none.npz")
    with pytest.raises(DataError, match=r"ends in \.pkl; expected one of \.npz"):
        load(text(tmp_path, "x", "data.pkl"))
    for name in ("bad.npz", "bad.npy"):
        for content in (b"", b"PK\x03\x04 cut short", b"garbage"):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(DataError, match=f"{name[:3]}"):
                load(tmp_path / name)
    whole = npz(tmp_path, x=np.ones((50, 50))).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be read as a numpy file"):
        load(tmp_path / "cut.npz")
    np.save(tmp_path / "one.npy", np.ones((2, 2)))
    with pytest.raises(DataError, match="holds one array"):
        load(tmp_path / "one.npy", y="y")
    npz(tmp_path, x=np.ones((2, 2))).rename(tmp_path / "two.npy")
    with pytest.raises(DataError, match="archive of arrays"):
        load(tmp_path / "two.npy")
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    with pytest.raises(DataError, match="not an npz archive"):
        load(tmp_path / "one.npz")


def test_flipped_bytes_within_an_archive(tmp_path: Path) -> None:
    path = npz(tmp_path, x=np.ones((50, 50)))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(DataError, match="cannot be read"):
        load(path)


def test_bad_parameters_are_refused() -> None:
    for fields in ({}, {"path": "a", "shape": []}, {"path": "a", "scaling": "log"}):
        with pytest.raises(ValidationError):
            Arrays.Config.model_validate(fields)
