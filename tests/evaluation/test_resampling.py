from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gwae_core.errors import GWAEError
from gwae_core.evaluation import bootstrap, bootstrap_mean, bootstrap_tables
from gwae_core.evaluation.resampling import BLOCK_ENTRIES

values = np.random.default_rng(0).gamma(2.0, size=200)


def test_the_interval_of_a_mean_is_that_of_scipy() -> None:
    found = bootstrap_mean(values, resamples=20_000, seed=1)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    scale = values.std() / np.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(theirs.low, abs=0.05 * scale)
    assert found.high == pytest.approx(theirs.high, abs=0.05 * scale)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = [
        found.low <= 0 <= found.high
        for seed in range(300)
        for found in [
            bootstrap_mean(rng.normal(size=100), resamples=400, seed=seed, level=0.9),
        ]
    ]
    assert 0.84 < np.mean(covered) < 0.95


def test_blocks_of_resamples_are_a_matter_of_memory_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    heights = []

    def mean(counts: np.ndarray) -> np.ndarray:
        heights.append(len(counts))
        return counts @ values / len(values)

    monkeypatch.setattr("gwae_core.evaluation.resampling.BLOCK_ENTRIES", 2500)
    found = bootstrap(mean, len(values), resamples=30, seed=3)
    assert heights == [12, 12, 6, 1]
    monkeypatch.undo()
    assert 30 * len(values) < BLOCK_ENTRIES
    whole = bootstrap(mean, len(values), resamples=30, seed=3)
    assert (found.low, found.high) == pytest.approx((whole.low, whole.high))


def test_several_samples_are_drawn_from_apart() -> None:
    sums: list[np.ndarray] = []

    def statistic(counts: np.ndarray) -> np.ndarray:
        sums.extend([counts[:, :20].sum(1), counts[:, 20:].sum(1)])
        return counts @ np.arange(50.0)

    bootstrap(statistic, (20, 30), resamples=40, seed=0)
    assert {float(total) for part in sums[::2] for total in part} == {20.0}
    assert {float(total) for part in sums[1::2] for total in part} == {30.0}


def test_equal_seeds_give_equal_intervals_and_a_higher_level_a_wider_one() -> None:
    found = bootstrap_mean(values, resamples=200, seed=1)
    assert found == bootstrap_mean(values, resamples=200, seed=1)
    assert found != bootstrap_mean(values, resamples=200, seed=2)
    wide = bootstrap_mean(values, resamples=200, seed=1, level=0.99)
    assert wide.low < found.low < found.value < found.high < wide.high


def test_a_resampled_table_is_a_table_of_resampled_rows() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2, 400), rng.integers(0, 3, 400)
    a[:200], b[:200] = 0, 0
    table = np.zeros((2, 3), int)
    np.add.at(table, (a, b), 1)

    def agree(tables: np.ndarray) -> np.ndarray:
        return (tables[:, 0, 0] + tables[:, 1, 1]) / tables.sum((1, 2))

    of_table = bootstrap_tables(table, agree, resamples=10_000, seed=0)
    of_rows = bootstrap_mean((a == b).astype(float), resamples=10_000, seed=1)
    assert of_table.value == pytest.approx(of_rows.value)
    assert of_table.low == pytest.approx(of_rows.low, abs=0.004)
    assert of_table.high == pytest.approx(of_rows.high, abs=0.004)


def test_resamples_without_a_value_are_left_out() -> None:
    few = np.array([1.0, 0.0, 0.0])

    def inverse(counts: np.ndarray) -> np.ndarray:
        total = counts @ few
        return np.where(total > 0, 1 / np.where(total > 0, total, 1), np.nan)

    found = bootstrap(inverse, 3, resamples=100, seed=0)
    assert (found.value, found.high) == (1.0, 1.0)
    assert np.isfinite(found.low)


@pytest.mark.parametrize(
    ("n", "resamples", "level"), [(0, 10, 0.95), (5, 0, 0.95), (5, 10, 1.0), (5, 10, 0.0)]
)
def test_what_has_no_bootstrap_is_refused(n: int, resamples: int, level: float) -> None:
    with pytest.raises(GWAEError, match=f"got \\[{n}\\] rows, {resamples} resamples"):
        bootstrap_mean(values[:n], resamples=resamples, seed=0, level=level)
