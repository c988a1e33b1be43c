from __future__ import annotations

import numpy as np

from gwae_core.builtin.datasets import Digits
from gwae_core.data_checks import check_arrays


def test_images() -> None:
    data = Digits(Digits.Config()).load()
    check_arrays(data)
    assert data.x.shape == (1797, 1, 8, 8)
    assert data.x.dtype == np.float32
    assert (data.x.min(), data.x.max()) == (0, 1)
    assert data.y.dtype == np.int64
    assert np.bincount(data.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.label_names == tuple("0123456789")
    assert data.test_from is None


def test_vectors_hold_the_same_values() -> None:
    images = Digits(Digits.Config()).load()
    vectors = Digits(Digits.Config(layout="flat")).load()
    np.testing.assert_array_equal(vectors.x, images.x.reshape(1797, 64))
