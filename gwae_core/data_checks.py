"""Checks that every data set passes before a model sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.interfaces.dataset import DataArrays
from gwae_core.row_source import RowSource

SPREADS = (1e-15, 1e15)
"""Spreads of data whose squares single precision holds."""
ROUNDING = 1e-2
"""Largest error, in units of the spread of the data, that single precision may make."""


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
    if isinstance(data.x, RowSource):
        check_rows(data.x)
    else:
        check_finite(data.x, "the data")
    if data.factors is not None:
        check_finite(data.factors, "the factors")


def check_rows(x: RowSource) -> None:
    """Refuse NaN and infinity in data that are read row by row, gone through once.

    Raises:
        DataError: It names the source.
    """
    if x.is_finite:
        return
    for chunk in x.chunks():
        check_finite(chunk, f"rows of {x.origin}")


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


def single_precision(data: NDArray[Any]) -> NDArray[np.float32]:
    """A copy of a table (n, p) in single precision.

    Raises:
        DataError: All rows are equal, or single precision cannot tell them from each other.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        x = np.array(data, dtype=np.float32, order="C")
        spread = float(np.sqrt(data.var(axis=0, dtype=np.float64).mean()))
        # A constant shift of a feature does no harm.
        lost = float(np.sqrt((data - x.astype(np.float64)).var(axis=0).mean()))
    if spread == 0:
        raise DataError("every feature is constant, so there is nothing to learn")
    if not (lost <= ROUNDING * spread and SPREADS[0] <= spread <= SPREADS[1]):
        raise DataError(
            f"single precision cannot hold these data: their spread is {spread:.3g}, their largest "
            f"magnitude {np.abs(data).max():.3g}",
            hint="standardise them, for instance with sklearn.preprocessing.StandardScaler",
        )
    return x
