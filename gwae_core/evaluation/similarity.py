"""Structural similarity of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError

WINDOW, SIGMA = 11, 1.5
"""Side of the published window in pixels, and standard deviation of its Gaussian weights."""
BLOCK = 1024
"""Images that are compared at once."""


def ssim_window(shape: tuple[int, ...]) -> int:
    """Side of the window for images (channels, height, width): 11, or the largest odd that fits."""
    side = min(*shape[1:], WINDOW)
    return side if side % 2 else side - 1


def ssim(x: NDArray[Any], x_hat: NDArray[Any], *, window: int | None = None) -> NDArray[np.float64]:
    """Structural similarity of images in [0, 1], one value an image (Wang et al., 2004).

    SSIM = (2 m m^ + c1) (2 s + c2) / ((m^2 + m^^2 + c1) (v + v^ + c2)) with means m, variances v
    and covariance s under a Gaussian window, c1 = 0.01^2, c2 = 0.03^2, averaged over channels and
    over all windows that lie within the image. The published window is 11 x 11 with a standard
    deviation of 1.5; a smaller one has the deviation in proportion.

    Args:
        x: Images, (n, channels, height, width).
        x_hat: Reconstructions, of the same shape.
        window: Odd side of the window; None takes what `ssim_window` says.

    Returns:
        Values in [-1, 1], (n,); 1 for equal images.

    Raises:
        DataError: The data are no images, or the window is even or does not fit.
    """
    if x.ndim != 4 or x.shape != x_hat.shape:
        raise DataError(
            f"ssim compares images (n, channels, height, width) of one shape; got {x.shape} and "
            f"{x_hat.shape}"
        )
    side = ssim_window(x.shape[1:]) if window is None else window
    if side % 2 == 0 or not 1 <= side <= min(x.shape[2:]):
        raise DataError(
            f"the window must be odd and at most {min(x.shape[2:])}, the images' shorter side; "
            f"got {side}"
        )
    blocks = range(0, len(x), BLOCK)
    return np.concatenate([_ssim(x[k : k + BLOCK], x_hat[k : k + BLOCK], side) for k in blocks])


def _ssim(x: NDArray[Any], x_hat: NDArray[Any], side: int) -> NDArray[np.float64]:
    a, b = x.astype(np.float64), x_hat.astype(np.float64)
    m_a, m_b = _smooth(a, side), _smooth(b, side)
    v_a = _smooth(a * a, side) - m_a**2
    v_b = _smooth(b * b, side) - m_b**2
    s = _smooth(a * b, side) - m_a * m_b
    c1, c2 = 0.01**2, 0.03**2
    values = (2 * m_a * m_b + c1) * (2 * s + c2)
    values /= (m_a**2 + m_b**2 + c1) * (v_a + v_b + c2)
    return np.asarray(values.mean(axis=(1, 2, 3)), np.float64)


def _smooth(images: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Weighted means over every window within the images: (n, c, h - side + 1, w - side + 1)."""
    from scipy.ndimage import correlate1d

    offsets = np.arange(side) - side // 2
    weights = np.exp(-0.5 * (offsets / (SIGMA * side / WINDOW)) ** 2)
    weights /= weights.sum()
    margin, stop = side // 2, -(side // 2) or None
    smoothed = correlate1d(correlate1d(images, weights, axis=2), weights, axis=3)
    return np.asarray(smoothed[:, :, margin:stop, margin:stop], np.float64)
