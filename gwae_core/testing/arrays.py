"""What the kinds that are no torch modules are fed with under test."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwae_core.interfaces import (
    DataArrays,
    Dataset,
    Evaluated,
    Metric,
    MetricInput,
    Objective,
    Sampler,
    Tracker,
)
from gwae_core.registered import config_class
from gwae_core.row_source import RowSource
from gwae_core.testing.check import NotApplicable
from gwae_core.testing.objective_checks import ObjectiveSubject
from gwae_core.testing.subject import Subject

CLASSES = 3
CHECKED_ROWS = 64
"""Rows that are looked at of data that are read row by row."""


class DatasetSubject(Subject):
    """Data sets: nothing to arrays."""

    def use(self, component: Dataset) -> dict[str, Tensor]:
        """The arrays."""
        data = component.load()
        arrays = {"x": some_rows(data), "y": data.y, "factors": data.factors}
        return {name: torch.from_numpy(a) for name, a in arrays.items() if a is not None}


def some_rows(data: DataArrays) -> NDArray[np.float32]:
    """The data in memory; of those that are read row by row, the first few."""
    return data.x[:CHECKED_ROWS] if isinstance(data.x, RowSource) else data.x


class MetricSubject(Subject):
    """Metrics: an untrained model and two splits to numbers."""

    def use(self, component: Metric) -> dict[str, Tensor]:
        """The values.

        Raises:
            NotApplicable: The metric does not apply to images with labels and factors.
        """
        return {
            name: torch.tensor(value, dtype=torch.float64)
            for name, value in component.compute(self.applicable(component)).items()
        }

    def applicable(self, metric: Metric) -> MetricInput:
        """A small untrained model, and two splits with labels and factors.

        Raises:
            NotApplicable: The metric does not apply to them.
        """
        objective = config_class("objective", "vae").model_validate({"type": "vae"})
        model = ObjectiveSubject(objective, self.data_shape, self.latent_dim).build().eval()
        x = self.data(100)
        train, test = _evaluated(model, x[:60]), _evaluated(model, x[60:])
        data = MetricInput(model=model, train=train, test=test)
        if not metric.applies(data):
            raise NotApplicable(f"{metric.name()} does not apply to images with labels and factors")
        return data


class SamplerSubject(Subject):
    """Samplers: codes to codes."""

    def use(self, component: Sampler) -> dict[str, Tensor]:
        """Samples after a fit."""
        component.fit(self.codes(), seed=0)
        return {"sample": torch.from_numpy(np.asarray(component.sample(7, seed=1)))}

    def codes(self) -> NDArray[np.float32]:
        """Codes to fit on, (60, d)."""
        return np.random.default_rng(0).normal(size=(60, self.latent_dim)).astype(np.float32)


class TrackerSubject(Subject):
    """Trackers: the records of a run to nothing."""

    def use(self, component: Tracker) -> dict[str, Tensor]:
        """A run of one record."""
        self.observe(component, *self.run())
        return {}

    def run(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, float]]:
        """A record, a part of a resolved configuration, and metrics."""
        record = {"event": "terms", "step": 1, "terms": {"reconstruction": 0.5}}
        return record, {"seed": 0, "latent_dim": 2}, {"reconstruction.mse": 0.1}

    def observe(
        self,
        tracker: Tracker,
        record: dict[str, Any],
        config: dict[str, Any],
        metrics: dict[str, float],
    ) -> None:
        """Take a tracker through a run."""
        with tempfile.TemporaryDirectory() as folder:
            tracker.start(Path(folder), config)
            tracker.record(record)
            tracker.finish(metrics)


@torch.inference_mode()
def _evaluated(model: Objective, x: Tensor) -> Evaluated:
    z = model.encode(x).mean
    rows: NDArray[np.int64] = np.arange(len(x))
    factors = np.stack([rows % 2, rows % 5], axis=1).astype(np.float64)
    return Evaluated(
        x=x.numpy(), z=z.numpy(), x_hat=model.decode(z).numpy(), y=rows % CLASSES, factors=factors
    )
