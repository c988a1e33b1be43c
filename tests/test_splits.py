from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gwae_core.config import SplitConfig
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays
from gwae_core.splits import PARTS, checksum, restore, split


def data(n: int = 100, classes: int = 4, **fields: object) -> DataArrays:
    x = np.arange(n * 2, dtype=np.float32).reshape(n, 2)
    values: dict[str, object] = {"x": x, "y": np.arange(n) % classes, **fields}
    return DataArrays(**values)  # type: ignore[arg-type]


@given(
    n=st.integers(30, 300),
    validation=st.floats(0, 0.45),
    test=st.floats(0, 0.45),
    stratify=st.booleans(),
    classes=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_parts_are_disjoint_cover_the_data_and_have_their_shares(
    n: int, validation: float, test: float, stratify: bool, classes: int, seed: int
) -> None:
    config = SplitConfig(validation=validation, test=test, stratify=stratify)
    whole = data(n, classes)
    parts = split(whole, config, seed=seed)
    rows = np.concatenate([parts.index[part] for part in PARTS])
    assert sorted(rows) == list(range(n))
    for part, share in (("validation", validation), ("test", test)):
        assert len(parts.index[part]) == pytest.approx(share * n, abs=1)
        assert share == 0 or len(parts.index[part]) >= 1
    for part in PARTS:
        arrays = getattr(parts, part)
        np.testing.assert_array_equal(arrays.x, whole.x[parts.index[part]])
        np.testing.assert_array_equal(arrays.y, whole.y[parts.index[part]])
        assert arrays.test_from is None


@given(seed=st.integers(0, 2**32 - 1), sizes=st.lists(st.integers(1, 60), min_size=2, max_size=8))
def test_stratified_counts_differ_from_the_share_by_less_than_two(
    seed: int, sizes: list[int]
) -> None:
    y = np.repeat(np.arange(len(sizes)), sizes)
    n = len(y)
    if n < 10:
        return
    parts = split(data(n, y=y), SplitConfig(validation=0.1, test=0.3), seed=seed)
    for part in ("validation", "test"):
        rows = parts.index[part]
        counts = np.bincount(y[rows], minlength=len(sizes))
        assert np.abs(counts - np.array(sizes) * len(rows) / n).max() < 2


def test_balanced_classes_stay_balanced() -> None:
    parts = split(data(1000, classes=10), SplitConfig(validation=0.1, test=0.2), seed=3)
    for part, count in (("train", 70), ("validation", 10), ("test", 20)):
        assert np.bincount(getattr(parts, part).y).tolist() == [count] * 10


def test_without_stratification_counts_vary() -> None:
    config = SplitConfig(test=0.2, stratify=False)
    counts = [
        np.bincount(split(data(1000, 10), config, seed=s).test.y, minlength=10) for s in range(20)
    ]
    assert 3 < np.std(counts) < 5  # hypergeometric: sqrt(20 * .8 * .9) = 3.8


def test_every_point_has_the_same_chance() -> None:
    y = np.repeat([0, 1, 2], [2, 10, 28])
    hits = np.zeros(40)
    for seed in range(2000):
        hits[split(data(40, y=y), SplitConfig(test=0.25), seed=seed).index["test"]] += 1
    # 2,000 draws at 1/4: standard deviation .0097; the largest of 40 stays below 4 of them
    assert np.abs(hits / 2000 - 0.25).max() < 0.04


def test_the_seed_alone_decides() -> None:
    config = SplitConfig()
    first = split(data(), config, seed=5)
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    states = random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state()
    again = split(data(), config, seed=5)
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tobytes() == states[1]
    assert torch.equal(torch.get_rng_state(), states[2])
    other = split(data(), config, seed=6)
    for part in PARTS:
        np.testing.assert_array_equal(first.index[part], again.index[part])
    assert not np.array_equal(first.index["train"], other.index["train"])


def test_the_seed_of_the_split_comes_before_the_runs() -> None:
    fixed = SplitConfig(seed=1)
    a, b = split(data(), fixed, seed=5), split(data(), fixed, seed=6)
    np.testing.assert_array_equal(a.index["test"], b.index["test"])


def test_the_first_rows_of_a_part_are_a_random_sample() -> None:
    parts = split(data(1000, y=np.repeat(np.arange(10), 100)), SplitConfig(), seed=0)
    for part in PARTS:
        assert len(np.unique(getattr(parts, part).y[:30])) >= 8


def test_a_test_part_of_the_data_is_respected() -> None:
    parts = split(data(test_from=80), SplitConfig(validation=0.25, test=0.5), seed=0)
    assert sorted(parts.index["test"]) == list(range(80, 100))
    assert len(parts.index["validation"]) == 20
    assert len(parts.index["train"]) == 60


def test_restore_gives_the_same_parts() -> None:
    factors = np.random.default_rng(0).normal(size=(100, 3))
    whole = data(factors=factors)
    first = split(whole, SplitConfig(), seed=0)
    again = restore(whole, first.index)
    for part in PARTS:
        for name in ("x", "y", "factors"):
            np.testing.assert_array_equal(
                getattr(getattr(first, part), name), getattr(getattr(again, part), name)
            )


def test_restore_refuses_what_does_not_fit() -> None:
    index = dict(split(data(), SplitConfig(), seed=0).index)
    with pytest.raises(DataError, match="have 50 rows"):
        restore(data(50), index)
    with pytest.raises(DataError, match="row -1"):
        restore(data(), {**index, "test": np.array([-1])})
    with pytest.raises(DataError, match="share a row"):
        restore(data(), {**index, "test": index["train"]})
    del index["test"]
    with pytest.raises(DataError, match="no test"):
        restore(data(), index)


def test_too_few_points() -> None:
    with pytest.raises(DataError, match="3 points leave 1 to train on"):
        split(data(3), SplitConfig(), seed=0)
    assert len(split(data(4), SplitConfig(), seed=0).train.x) == 2


def test_checksum_follows_content() -> None:
    base = checksum(data())
    assert base == checksum(data())
    changed = data()
    changed.x[3, 0] += 1
    others = [
        checksum(changed),
        checksum(data(y=None)),
        checksum(data(test_from=50)),
        checksum(data(x=np.arange(200, dtype=np.float32).reshape(100, 1, 2))),
        checksum(data(x=np.arange(200, dtype=np.float64).reshape(100, 2))),
    ]
    assert len({base, *others}) == 6
    assert checksum(data(x=np.asfortranarray(data().x))) == base
