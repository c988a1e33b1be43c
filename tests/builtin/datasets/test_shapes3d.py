"""3D Shapes: the grid of factors, rendered row by row, and the published file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gwae_core.builtin.datasets import Shapes3D
from gwae_core.builtin.datasets.shapes3d import COLOURS, GRID, VALUES
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError
from gwae_core.row_source import RowSource
from gwae_core.splits import checksum

SOME = np.sort(np.random.default_rng(0).choice(len(GRID), 40, replace=False))


def load(**values: object):
    return Shapes3D(Shapes3D.Config.model_validate(values)).load()


def test_the_grid_has_a_row_for_each_combination_in_the_published_order():
    data = load()
    assert isinstance(data.x, RowSource) and data.x.shape == (480_000, 3, 64, 64)
    assert data.factors.shape == (480_000, 6)
    assert data.factor_names == GRID.names
    assert data.factors[1].tolist() == [0, 0, 0, 0, 0, 1]
    assert data.factors[-1].tolist() == [9, 9, 9, 7, 3, 14]
    assert data.label_names == ("cube", "cylinder", "sphere", "capsule")
    assert np.array_equal(data.y, data.factors[:, 4])


def test_a_hue_changes_its_surface_alone():
    scene = {"scale": 3, "shape": 2, "orientation": 7}
    data = load(fixed=scene)
    pictures = data.x[:]
    assert pictures.min() >= 0 and pictures.max() <= 1
    places = {"floor_hue": (60, 32), "wall_hue": (2, 5), "object_hue": (36, 32)}
    for k, (factor, (row, column)) in enumerate(places.items()):
        assert data.factor_names[k] == factor
        pixel = pictures[:, :, row, column]
        for value in range(10):
            seen = pixel[data.factors[:, k] == value]
            assert np.allclose(seen, seen[0], atol=1e-6)
        assert len(np.unique(pixel.round(4), axis=0)) == 10
    assert len(np.unique(COLOURS, axis=0)) == 10


def test_every_factor_is_seen():
    middle = dict(zip(GRID.names, (1, 4, 7, 4, 0, 6), strict=True))
    for name, size in zip(GRID.names, GRID.sizes, strict=True):
        fixed = {other: value for other, value in middle.items() if other != name}
        pictures = load(fixed=fixed).x[:].reshape(size, -1)
        apart = np.abs(pictures[:, None] - pictures).max(2)
        assert (apart[~np.eye(size, dtype=bool)] > 0.1).all(), name


def test_smaller_pictures_are_averages_of_blocks():
    large = load(limit=20).x[:]
    small = load(limit=20, size=32).x[:]
    assert np.allclose(small, large.reshape(20, 3, 32, 2, 32, 2).mean((3, 5)), atol=1e-6)


def test_rows_do_not_depend_on_what_is_asked_for_with_them():
    x = load().x
    rows = np.array([477, 3, 3, 479_999, 100_000])
    together = x[rows]
    for row, picture in zip(rows, together, strict=True):
        assert np.array_equal(x[np.array([row])][0], picture)
    assert x[rows[:0]].shape == (0, 3, 64, 64)


def published(path: Path, **changes: object) -> dict[str, np.ndarray]:
    """A file in the published format, of some rows of the grid."""
    h5py = pytest.importorskip("h5py")
    data = load()
    classes = data.factors[SOME].astype(int)
    arrays = {
        "images": np.moveaxis(np.round(data.x[SOME] * 255), 1, 3).astype(np.uint8),
        "labels": np.stack([v[classes[:, k]] for k, v in enumerate(VALUES)], 1),
    } | changes
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            if array is not None:
                file.create_dataset(name, data=array, compression="gzip")
    return arrays


def test_the_published_file_is_read_row_by_row(tmp_path):
    arrays = published(tmp_path / "3dshapes.h5")
    data = load(source=tmp_path / "3dshapes.h5")
    assert np.array_equal(data.factors, load().factors[SOME])
    expected = np.moveaxis(arrays["images"], 3, 1).astype(np.float32) / np.float32(255)
    order = np.array([7, 7, 0, 39, 12])
    assert np.array_equal(data.x[order], expected[order]) and data.x[:].dtype == np.float32
    assert data.x[order[:0]].shape == (0, 3, 64, 64)
    small = load(source=tmp_path / "3dshapes.h5", size=32)
    assert np.allclose(small.x[:], expected.reshape(40, 3, 32, 2, 32, 2).mean((3, 5)), atol=1e-6)
    check_arrays(data)
    assert checksum(data) == checksum(load(source=tmp_path / "3dshapes.h5")) != checksum(small)
    some = load(source=tmp_path / "3dshapes.h5", limit=9)
    assert some.x.shape == (9, 3, 64, 64)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "has no labels; it has images"),
        ({"images": np.zeros((40, 64, 64), np.uint8)}, "expected 8-bit integers"),
        ({"labels": np.zeros((39, 6))}, r"shape \(39, 6\); expected \(40, 6\)"),
        ({"labels": np.full((40, 6), 0.05)}, "values of floor_hue that are not those"),
        ({"labels": np.full((40, 6), np.nan)}, "values of floor_hue that are not those"),
    ],
)
def test_another_file_is_named(tmp_path, changes, message):
    published(tmp_path / "3dshapes.h5", **changes)
    with pytest.raises(DataError, match=message):
        load(source=tmp_path / "3dshapes.h5")


def test_damaged_and_missing_files_are_named(tmp_path):
    path = tmp_path / "3dshapes.h5"
    with pytest.raises(DataError, match="no such file") as caught:
        load(source=path)
    assert "github.com/google-deepmind/3d-shapes" in str(caught.value.hint)
    published(path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(DataError, match=r"cannot be read as an HDF5 file: .*truncated"):
        load(source=path)
    path.write_text("no such format")
    with pytest.raises(DataError, match="cannot be read as an HDF5 file"):
        load(source=path)
