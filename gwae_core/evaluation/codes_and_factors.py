"""What every score of codes against factors is given, checked in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError


@dataclass(frozen=True)
class CodesAndFactors:
    """Codes and ground-truth factors of the same points.

    Attributes:
        z: Codes, (n, L), finite.
        y: Factors, (n, K), finite.
    """

    z: NDArray[np.float64]
    y: NDArray[np.float64]


def checked_codes(z: NDArray[Any]) -> NDArray[np.float64]:
    """Codes (n, L) as finite float64, of at least two points and two latent dimensions.

    Raises:
        DataError: They are not; the message names what was received.
    """
    z = _finite_matrix(z, "codes", "latent dimensions")
    if z.shape[1] < 2:
        raise DataError(
            "a score of disentanglement needs at least 2 codes, got 1",
            hint="it compares codes with each other; raise latent_dim, or leave the metric out",
        )
    if len(z) < 2:
        raise DataError(
            f"a score of disentanglement needs at least 2 points, got {len(z)}",
            hint="give more points",
        )
    return z


def checked(z: NDArray[Any], y: NDArray[Any]) -> CodesAndFactors:
    """Codes (n, L) and factors (n, K), of which each has at least two values.

    A constant code is allowed: every score says what it counts for.

    Raises:
        DataError: Shapes do not fit, a value is NaN or inf, there are fewer than two codes, factors
            or points, or a factor has one value only.
    """
    given = _aligned(z, y)
    constant = np.flatnonzero(given.y.min(axis=0) == given.y.max(axis=0))
    if len(constant):
        raise DataError(
            f"factor {constant[0]} has one value only, {given.y[0, constant[0]]:g}, in all "
            f"{len(given.y)} points; a factor must have at least 2",
            hint="leave the factor out, or give points in which it varies",
        )
    return given


def checked_split(
    z_train: NDArray[Any], y_train: NDArray[Any], z_test: NDArray[Any], y_test: NDArray[Any]
) -> tuple[CodesAndFactors, CodesAndFactors]:
    """Training and test points of the same codes and factors.

    A factor may have one value in the test points, not in the training points.

    Raises:
        DataError: As `checked`, or the two differ in the number of codes or of factors.
    """
    train, test = checked(z_train, y_train), _aligned(z_test, y_test)
    for name, a, b in (("codes", train.z, test.z), ("factors", train.y, test.y)):
        if a.shape[1] != b.shape[1]:
            raise DataError(
                f"training points have {a.shape[1]} {name} and test points {b.shape[1]}; the "
                "numbers must be equal",
                hint="split one array by its rows",
            )
    return train, test


def _aligned(z: NDArray[Any], y: NDArray[Any]) -> CodesAndFactors:
    z, y = checked_codes(z), _finite_matrix(y, "factors", "factors")
    if len(z) != len(y):
        raise DataError(
            f"there are codes of {len(z)} points and factors of {len(y)}; the numbers must be "
            "equal",
            hint="give both as (n, ...), one row a point",
        )
    if y.shape[1] < 2:
        raise DataError(
            "a score of disentanglement needs at least 2 factors, got 1",
            hint="it compares factors with each other; a single label is what `clustering` is for",
        )
    return CodesAndFactors(z, y)


def _finite_matrix(values: NDArray[Any], name: str, columns: str) -> NDArray[np.float64]:
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] == 0:
        raise DataError(
            f"{name} must be an array (points, {columns}), got shape {values.shape}",
            hint="one row a point; reshape(-1, 1) makes a column of a single vector",
        )
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{name} must be numbers, got {values.dtype}",
            hint="number the values of a factor: np.unique(values, return_inverse=True)[1]",
        )
    # One order in memory, so that sums round alike whatever the array is a view of.
    wide = values.astype(np.float64, order="C")
    if not np.isfinite(wide).all():
        row, column = np.argwhere(~np.isfinite(wide))[0]
        raise DataError(
            f"{name} must be finite, got {wide[row, column]} in row {row}, column {column}",
            hint="leave those points out, or train again with a lower learning rate",
        )
    return wide
