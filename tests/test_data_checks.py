from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gwae_core.config import SplitConfig
from gwae_core.data_checks import check_arrays, single_precision
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays
from gwae_core.splits import split


def data(**fields: object) -> DataArrays:
    values = {"x": np.zeros((100, 2), np.float32), "y": np.arange(100) % 4, **fields}
    return DataArrays(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"x": np.zeros((0, 2), np.float32), "y": None}, "shape"),
        ({"x": np.zeros(3, np.float32), "y": None}, "shape"),
        ({"y": np.zeros(99, np.int64)}, "100 data points but 99 labels"),
        ({"factors": np.zeros((3, 1))}, "100 data points but 3 factors"),
        ({"test_from": 100}, "within the 100 rows"),
        ({"factors": np.full((100, 1), np.inf)}, "factors hold 100 values"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_arrays(data(**fields))  # type: ignore[arg-type]


def test_nan_is_located() -> None:
    whole = data()
    whole.x[7, 1] = np.nan
    with pytest.raises(DataError, match=r"1 values .* first at \[7, 1\]"):
        split(whole, SplitConfig(), seed=0)


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_single_precision_keeps_what_tells_rows_apart(factor: float, shift: float) -> None:
    data = factor * (np.random.default_rng(0).normal(size=(50, 3)) + shift)
    x = single_precision(data)
    assert x.dtype == np.float32
    spread = data.std(axis=0)
    np.testing.assert_allclose((x - x[0]) / spread, (data - data[0]) / spread, atol=1e-2)
    again = single_precision(x)
    assert np.array_equal(x, again) and not np.shares_memory(x, again)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((4, 2)), "every feature is constant"),
        (np.eye(3) + 1e9, r"spread is 0\.471, their largest magnitude 1e\+09"),
        (np.eye(3) * 1e30, "single precision cannot hold"),
        (np.eye(3) * 1e-30, "single precision cannot hold"),
    ],
)
def test_what_single_precision_cannot_hold_is_refused(data: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        single_precision(data)
