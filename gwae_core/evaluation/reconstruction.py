"""How well data are given back: squared error, its share of the variance, PSNR."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_PSNR = 100.0
"""Decibel of an exact reconstruction, whose PSNR would be infinite."""


def squared_errors(x: NDArray[Any], x_hat: NDArray[Any]) -> NDArray[np.float64]:
    """Mean over dimensions of (x - x^)^2 of each point, (n,), for (n, *shape) both."""
    n = len(x)
    difference = x.reshape(n, -1).astype(np.float64) - x_hat.reshape(n, -1)
    return np.asarray(np.square(difference).mean(axis=1))


def mean_squared_error(x: NDArray[Any], x_hat: NDArray[Any]) -> float:
    """Mean over points and dimensions of (x - x^)^2, for x and x^ of shape (n, *shape)."""
    return float(squared_errors(x, x_hat).mean())


def relative_squared_error(x: NDArray[Any], x_hat: NDArray[Any]) -> float:
    """Sum |x - x^|^2 / sum |x - mean x|^2: 0 is exact, 1 is no better than the mean.

    Args:
        x: Data, (n, *shape).
        x_hat: Reconstructions, (n, *shape).

    Returns:
        The ratio; for constant data 0 where the reconstruction is exact and 1 where it is not.
    """
    wide = x.reshape(len(x), -1).astype(np.float64)
    variance = float(np.square(wide - wide.mean(axis=0)).mean())
    error = mean_squared_error(x, x_hat)
    if variance == 0:
        return float(error > 0)
    return error / variance


def is_unit_image(x: NDArray[Any]) -> bool:
    """Whether data are images (n, channels, height, width) with values in [0, 1]."""
    return x.ndim == 4 and x.size > 0 and float(x.min()) >= 0 and float(x.max()) <= 1


def psnr_of_images(x: NDArray[Any], x_hat: NDArray[Any]) -> NDArray[np.float64]:
    """-10 log10 MSE of each image in decibel, (n,), at most 100; arguments as of `psnr`."""
    errors = np.maximum(squared_errors(x, x_hat), 10 ** (-MAX_PSNR / 10))
    return np.asarray(-10 * np.log10(errors))


def psnr(x: NDArray[Any], x_hat: NDArray[Any]) -> float:
    """Peak signal-to-noise ratio: the mean over images of -10 log10 MSE, in decibel.

    Args:
        x: Images in [0, 1], (n, channels, height, width).
        x_hat: Reconstructions, of the same shape.

    Returns:
        Decibel; an image counts for at most 100, which an exact reconstruction reaches.
    """
    return float(psnr_of_images(x, x_hat).mean())
