"""dSprites: the grid of factors, rendered row by row."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from gwae_core.builtin.datasets import DSprites
from gwae_core.builtin.datasets.dsprites import GRID
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
        ({"fixed": {"scale": 1}, "limit": 10**6}, "there are 122,880 combinations"),
    ],
)
def test_likely_mistakes_are_named(values, message):
    with pytest.raises(DataError, match=message):
        load(**values)


def test_what_needs_the_whole_grid_in_memory_says_so():
    with pytest.raises(DataError, match="needs all 737,280 rows in memory") as caught:
        np.asarray(load().x)
    assert "data.limit" in str(caught.value.hint)


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
