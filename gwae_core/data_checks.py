"""Checks that every data set passes before a model sees it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.interfaces.dataset import DataArrays


def check_arrays(data: DataArrays) -> None:
    """Refuse arrays that do not fit together or that no model can train on.

    Raises:
        DataError: It says which array, what it holds, and where.
    """
    n = len(data.x) if data.x.ndim else 0
    if data.x.ndim < 2 or data.x.size == 0:
        raise DataError(f"the data must have shape (n, ...) with n >= 1; got {data.x.shape}")
    for name, array in (("labels", data.y), ("factors", data.factors)):
        if array is not None and len(array) != n:
            raise DataError(f"there are {n} data points but {len(array)} {name}")
    if data.test_from is not None and not 0 < data.test_from < n:
        raise DataError(f"the test part must begin within the {n} rows; got {data.test_from}")
    check_finite(data.x, "the data")
    if data.factors is not None:
        check_finite(data.factors, "the factors")


def check_finite(array: NDArray[np.floating], what: str) -> None:
    """Refuse NaN and infinity.

    Raises:
        DataError: It says how many values there are, and where the first is.
    """
    bad = ~np.isfinite(array)
    if bad.any():
        first = ", ".join(str(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{what} hold {int(bad.sum())} values that are NaN or infinite, the first at [{first}]",
            hint="remove those rows or fill them in",
        )
