"""dSprites: the grid of factors, rendered row by row."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from gwae_core.builtin.datasets import DSprites
from gwae_core.builtin.datasets.dsprites import GRID
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError
from gwae_core.row_source import RowSource
from gwae_core.splits import checksum


def load(**values: object):
    return DSprites(DSprites.Config.model_validate(values)).load()


def test_the_grid_has_a_row_for_each_combination_in_the_published_order():
    data = load()
    assert isinstance(data.x, RowSource) and data.x.shape == (737_280, 1, 64, 64)
    assert data.factors.shape == (737_280, 5) and data.test_from is None
    assert data.factor_names == ("shape", "scale", "orientation", "posX", "posY")
    assert data.label_names == ("square", "ellipse", "heart")
    assert data.factors[0].tolist() == [0, 0, 0, 0, 0]
    assert data.factors[1].tolist() == [0, 0, 0, 0, 1]
    assert data.factors[-1].tolist() == [2, 5, 39, 31, 31]
    assert np.array_equal(data.y, data.factors[:, 0])
    assert (np.bincount(data.y) == 245_760).all()


def test_the_first_orientation_is_the_last():
    for factors in ([0, 0, 0, 3, 4], [1, 5, 0, 31, 0], [2, 3, 0, 0, 17]):
        first, last = (
            np.ravel_multi_index([*factors[:2], turn, *factors[3:]], GRID.sizes) for turn in (0, 39)
        )
        pictures = load().x[np.array([first, last])]
        assert np.array_equal(pictures[0], pictures[1])


def test_a_step_of_place_is_a_step_of_one_pixel():
    data = load(fixed={"shape": 2, "scale": 4, "orientation": 7})
    pictures = data.x[:].reshape(32, 32, 64, 64)
    for x, y in ((0, 0), (15, 30), (30, 3)):
        assert np.array_equal(pictures[x + 1, y], np.roll(pictures[x, y], 1, axis=1))
        assert np.array_equal(pictures[x, y + 1], np.roll(pictures[x, y], 1, axis=0))


def test_scale_grows_with_its_class():
    areas = load(fixed={"orientation": 3, "posX": 9, "posY": 20}).x[:].sum((1, 2, 3))
    assert (np.diff(areas.reshape(3, 6), axis=1) > 0).all()


def test_factors_that_are_held_are_no_factors_of_the_data():
    data = load(fixed={"orientation": 0, "shape": 1}, size=32)
    assert data.x.shape == (6 * 32 * 32, 1, 32, 32)
    assert data.factor_names == ("scale", "posX", "posY")
    assert data.factors.max(0).tolist() == [5, 31, 31]
    assert data.y is None and data.label_names is None


def test_a_part_is_drawn_by_seed_and_keeps_its_factors():
    some, same, other = load(limit=500), load(limit=500), load(limit=500, limit_seed=1)
    assert np.array_equal(some.factors, same.factors)
    assert not np.array_equal(some.factors, other.factors)
    assert len(np.unique(some.factors, axis=0)) == 500
    whole = load()
    rows = np.ravel_multi_index(some.factors.astype(int).T, GRID.sizes)
    assert np.array_equal(some.x[:], whole.x[rows])
    assert np.array_equal(some.array, some.x[:])


def test_the_checksum_tells_one_choice_from_another():
    choices = [
        {},
        {"size": 32},
        {"limit": 9},
        {"limit": 9, "limit_seed": 1},
        {"fixed": {"posX": 1}},
    ]
    assert len({checksum(load(**choice)) for choice in choices}) == len(choices)
    assert checksum(load(limit=9)) == checksum(load(limit=9))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fixed": {"colour": 0}}, "names 'colour', which is no factor"),
        ({"fixed": {"scale": 6}}, "scale has the values 0 to 5; data.fixed gives 6"),
        ({"fixed": {"scale": 1}, "limit": 10**6}, "there are 122,880 data points"),
    ],
)
def test_likely_mistakes_are_named(values, message):
    with pytest.raises(DataError, match=message):
        load(**values)


def test_what_needs_the_whole_grid_in_memory_says_so():
    with pytest.raises(DataError, match="needs all 737,280 rows in memory") as caught:
        np.asarray(load().x)
    assert "data.limit" in str(caught.value.hint)


def published(path: Path, *, rows: np.ndarray, **changes: object) -> dict[str, np.ndarray]:
    """A file in the published format, of some rows of the grid."""
    data = load()
    arrays = {
        "imgs": data.x[rows][:, 0].astype(np.uint8),
        "latents_values": data.factors[rows],
        "latents_classes": np.insert(data.factors[rows].astype(np.int64), 0, 0, axis=1),
        "metadata": np.array({"title": "dSprites"}, dtype=object),
    } | changes
    np.savez_compressed(path, **{k: v for k, v in arrays.items() if v is not None})
    return arrays


SOME = np.sort(np.random.default_rng(0).choice(len(GRID), 300, replace=False))


def test_the_published_file_is_read_at_a_bit_a_pixel(tmp_path):
    arrays = published(tmp_path / "d.npz", rows=SOME)
    data = load(source=tmp_path / "d.npz")
    assert np.array_equal(data.x[:][:, 0], arrays["imgs"])
    assert data.x[:].dtype == np.float32 and data.x.bits.nbytes == 300 * 512
    assert np.array_equal(data.factors, arrays["latents_classes"][:, 1:])
    assert data.factor_names == GRID.names and np.array_equal(data.y, data.factors[:, 0])
    check_arrays(data)
    rendered = load(size=32)
    small = load(source=tmp_path / "d.npz", size=32)
    assert np.array_equal(small.x[:], rendered.x[SOME])


def test_parts_of_the_published_file_are_taken_by_factor_and_by_seed(tmp_path):
    arrays = published(tmp_path / "d.npz", rows=SOME)
    hearts = load(source=tmp_path / "d.npz", fixed={"shape": 2})
    of_hearts = arrays["latents_classes"][:, 1] == 2
    assert np.array_equal(hearts.x[:][:, 0], arrays["imgs"][of_hearts])
    assert hearts.factor_names == ("scale", "orientation", "posX", "posY")
    some = load(source=tmp_path / "d.npz", limit=50)
    assert some.x.shape == (50, 1, 64, 64)
    assert np.array_equal(some.factors, load(source=tmp_path / "d.npz", limit=50).factors)
    assert checksum(some) != checksum(load(source=tmp_path / "d.npz", limit=51))


def test_the_checksum_of_the_file_is_compared(tmp_path):
    path = tmp_path / "d.npz"
    published(path, rows=SOME[:5])
    for algorithm in ("md5", "sha1", "sha256"):
        found = hashlib.new(algorithm, path.read_bytes()).hexdigest()
        assert len(load(source=path, checksum=found.upper()).x) == 5
        other = found[:-1] + ("0" if found[-1] != "0" else "1")
        with pytest.raises(DataError, match=f"has the {algorithm.upper()} checksum {found}"):
            load(source=path, checksum=other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imgs": None}, r"has no imgs\.npy; it has latents_values\.npy"),
        ({"imgs": np.zeros((5, 32, 32), np.uint8)}, r"uint8 \(5, 32, 32\); expected 8-bit"),
        ({"imgs": np.zeros((5, 64, 64))}, r"float64 \(5, 64, 64\); expected 8-bit"),
        ({"imgs": np.full((5, 64, 64), 255, np.uint8)}, "reach 255; expected 0 and 1"),
        ({"latents_classes": np.zeros((4, 6), int)}, r"int64 \(4, 6\); expected integers \(5, 6\)"),
        ({"latents_classes": np.full((5, 6), 3)}, "shape has the values 0 to 2; the file has 3"),
        ({"latents_classes": np.full((5, 6), None)}, "cannot be read as an npz file: Object"),
    ],
)
def test_another_file_is_named(tmp_path, changes, message):
    published(tmp_path / "d.npz", rows=SOME[:5], **changes)
    with pytest.raises(DataError, match=message):
        load(source=tmp_path / "d.npz")


def test_damaged_and_missing_files_are_named(tmp_path):
    path = tmp_path / "d.npz"
    with pytest.raises(DataError, match="no such file") as caught:
        load(source=path)
    assert "github.com/deepmind/dsprites-dataset" in str(caught.value.hint)
    with pytest.raises(DataError, match="no such file"):
        load(source=tmp_path)
    published(path, rows=SOME)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"d\.npz cannot be read as an npz file"):
        load(source=path)
    damaged = bytearray(whole)
    damaged[200:300] = bytes(100)
    path.write_bytes(damaged)
    with pytest.raises(DataError, match=r"d\.npz cannot be read as an npz file"):
        load(source=path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"checksum": "0" * 64}, "rendered pictures have none"),
        ({"source": "d.npz", "checksum": "12ab"}, "checksum"),
        ({"size": 48}, "size"),
        ({"fixed": {"scale": -1}}, "greater than or equal to 0"),
    ],
)
def test_fields_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ValidationError, match=message):
        load(**values)


CONSTANT_MEMORY = """
import itertools, resource
import torch
torch.set_num_threads(1)
from gwae_core.builtin.datasets import DSprites
from gwae_core.config import SplitConfig, TrainingConfig
from gwae_core.context import BuildContext
from gwae_core.run_data import in_memory, rows_of, training_batches
from gwae_core.splits import checksum, split

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before = peak()
data = DSprites(DSprites.Config(size=32)).load()
splits = split(data, SplitConfig(), seed=0)
checksum(data)
BuildContext.for_data(rows_of(splits.train), 16)
batches = training_batches(splits.train, TrainingConfig(batch_size=256), seed=0)
for batch in itertools.islice(iter(batches), 500):
    assert batch.x.shape == (256, 1, 32, 32) and batch.x.dtype == torch.float32
in_memory(splits.test)
print(peak() - before)
"""


@pytest.mark.slow
def test_the_whole_grid_takes_constant_memory():
    done = subprocess.run(
        [sys.executable, "-c", CONSTANT_MEMORY], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # Of pictures there are the samples of 128 MiB alone; all would be 2.8 GiB.
    assert float(done.stdout) < 900
