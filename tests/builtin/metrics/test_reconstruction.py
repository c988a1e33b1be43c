from __future__ import annotations

import numpy as np
import pytest

from gwae_core.builtin.metrics import ReconstructionMetric
from gwae_core.interfaces import Evaluated, MetricInput


def compute(x: np.ndarray, x_hat: np.ndarray) -> dict[str, float]:
    spoiled = Evaluated(x=x + 1, z=np.zeros((len(x), 2)), x_hat=-x)  # training data do not count
    test = Evaluated(x=x, z=np.zeros((len(x), 2)), x_hat=x_hat)
    metric = ReconstructionMetric(ReconstructionMetric.Config())
    return dict(metric.compute(MetricInput(model=None, train=spoiled, test=test)))  # type: ignore[arg-type]


def test_images_in_the_unit_interval_have_all_three_values() -> None:
    x = np.tile(np.array([0.0, 1.0]).reshape(2, 1, 1, 1), (1, 1, 4, 4))
    assert compute(x, np.full_like(x, 0.5)) == pytest.approx(
        {"mse": 0.25, "relative_mse": 1.0, "psnr": -10 * np.log10(0.25)}
    )


def test_tables_have_no_psnr() -> None:
    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert compute(x, x) == {"mse": 0.0, "relative_mse": 0.0}
