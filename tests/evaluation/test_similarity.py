from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from gwae_core.errors import DataError
from gwae_core.evaluation import ssim, ssim_window

rng = np.random.default_rng(0)


def images(channels: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    x = rng.random((5, channels, side, side))
    return x, np.clip(x + 0.2 * rng.normal(size=x.shape), 0, 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_that_of_torchmetrics_within_the_image(channels: int) -> None:
    x, x_hat = images(channels, 28)
    _, local = structural_similarity_index_measure(
        torch.from_numpy(x_hat), torch.from_numpy(x), data_range=1.0, return_full_image=True
    )
    # their windows go over the border too, where the image is mirrored
    theirs = local[:, :, 5:-5, 5:-5].mean((1, 2, 3))
    np.testing.assert_allclose(ssim(x, x_hat), theirs.numpy(), atol=1e-6)


def test_one_window_is_the_formula() -> None:
    x, x_hat = (image[:, :, :7, :7] for image in images(1, 8))
    offsets = np.arange(7) - 3
    weights = np.exp(-0.5 * (offsets / (1.5 * 7 / 11)) ** 2)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    for a, b, found in zip(x[:, 0], x_hat[:, 0], ssim(x, x_hat), strict=True):
        m, m_hat = (weights * a).sum(), (weights * b).sum()
        v, v_hat = (weights * (a - m) ** 2).sum(), (weights * (b - m_hat) ** 2).sum()
        s = (weights * (a - m) * (b - m_hat)).sum()
        expected = (2 * m * m_hat + 1e-4) * (2 * s + 9e-4)
        expected /= (m**2 + m_hat**2 + 1e-4) * (v + v_hat + 9e-4)
        assert found == pytest.approx(expected)


@pytest.mark.parametrize(("side", "window"), [(64, 11), (11, 11), (10, 9), (8, 7), (2, 1), (1, 1)])
def test_small_images_have_the_largest_odd_window_that_fits(side: int, window: int) -> None:
    x, x_hat = images(1, side)
    assert ssim_window(x.shape[1:]) == window
    assert np.isfinite(ssim(x, x_hat)).all()
    np.testing.assert_array_equal(ssim(x, x_hat), ssim(x, x_hat, window=window))


def test_equal_images_have_one_and_noise_takes_from_it() -> None:
    x, _ = images(3, 16)
    np.testing.assert_allclose(ssim(x, x), 1.0)
    means = [ssim(x, x + s * rng.normal(size=x.shape)).mean() for s in (0.05, 0.1, 0.3)]
    assert 1 > means[0] > means[1] > means[2]
    np.testing.assert_allclose(ssim(x, 1 - x), ssim(1 - x, x))
    assert (ssim(x, 1 - x) < 0).all()


def test_many_images_go_through_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x, x_hat = images(1, 12)
    whole = ssim(x, x_hat)
    monkeypatch.setattr("gwae_core.evaluation.similarity.BLOCK", 2)
    np.testing.assert_array_equal(ssim(x, x_hat), whole)


@pytest.mark.parametrize(
    ("shape", "window", "message"),
    [
        ((3, 5), None, "images"),
        ((3, 1, 8, 8), 9, "at most 8"),
        ((3, 1, 8, 8), 6, "must be odd"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    shape: tuple[int, ...], window: int | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        ssim(np.zeros(shape), np.zeros(shape), window=window)
