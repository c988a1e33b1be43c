from __future__ import annotations

import numpy as np
import pytest

from gwae_core.config import SplitConfig
from gwae_core.data_checks import check_arrays
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
