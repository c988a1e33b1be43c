"""Codes that a sampler is fitted on, checked and standardised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import ComponentError, DataError


@dataclass(frozen=True)
class Moments:
    """Mean and deviation of each coordinate, (d,); the deviation of a constant one is 1."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, z: NDArray[Any]) -> Moments:
        """Measure codes (n, d)."""
        mean, scale = z.mean(axis=0), z.std(axis=0)
        # a constant coordinate has a deviation of rounding alone
        constant = scale <= 1e-6 * np.maximum(np.abs(mean), 1e-6)
        return cls(mean, np.where(constant, 1.0, scale))

    def standardise(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Codes (n, d) of mean 0 and deviation 1."""
        return (z - self.mean) / self.scale

    def restore(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        """Codes (n, d) of standardised ones."""
        return np.asarray(self.mean + self.scale * points, np.float32)


def fitting_codes(z: NDArray[Any], sampler: str, *, least: int = 2) -> NDArray[np.float64]:
    """Codes (n, d) in double precision.

    Raises:
        DataError: They are no table of finite numbers, or fewer than the sampler needs.
    """
    if z.ndim != 2 or len(z) < least or z.shape[1] == 0:
        raise DataError(
            f"the sampler {sampler!r} is fitted on at least {least} codes (n, d); got an array of "
            f"shape {z.shape}"
        )
    if not np.isfinite(z).all():
        raise DataError(f"the sampler {sampler!r} cannot be fitted: codes hold NaN or inf")
    return z.astype(np.float64)


def not_fitted(sampler: str) -> ComponentError:
    """The error of a sampler that was never fitted."""
    return ComponentError(
        f"the sampler {sampler!r} was not fitted", hint="call fit(z, seed=0) with codes (n, d)"
    )
