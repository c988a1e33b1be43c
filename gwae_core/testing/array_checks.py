"""Laws of the kinds that are no torch modules: data sets, metrics, samplers, trackers."""

from __future__ import annotations

import copy
import math

import numpy as np

from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError
from gwae_core.interfaces import Dataset, Interval, Metric, Sampler
from gwae_core.testing.arrays import (
    DatasetSubject,
    MetricSubject,
    SamplerSubject,
    TrackerSubject,
    some_rows,
)


def dataset_arrays(subject: DatasetSubject) -> None:
    """Arrays fit together, are finite, and labels have names."""
    dataset: Dataset = subject.build()
    data = dataset.load()
    try:
        check_arrays(data)
    except DataError as error:
        raise AssertionError(str(error)) from error
    x = some_rows(data)
    assert x.dtype == np.float32, f"x is {x.dtype}; return x.astype(np.float32)"
    if data.y is not None:
        assert data.y.dtype == np.int64, f"y is {data.y.dtype}; return y.astype(np.int64)"
        names = data.label_names
        assert names is None or 0 <= data.y.min() <= data.y.max() < len(names), (
            f"labels lie in [{data.y.min()}, {data.y.max()}], but there are "
            f"{len(names)} label_names; number the classes 0, 1, ..."
        )
    if data.factors is not None and data.factor_names is not None:
        assert data.factors.shape[1:] == (len(data.factor_names),), (
            f"factors have shape {data.factors.shape}, but there are {len(data.factor_names)} "
            "factor_names"
        )


def metric_values(subject: MetricSubject) -> None:
    """Values are finite numbers under names, inside their intervals; arrays are for figures."""
    metric: Metric = subject.build()
    values = metric.compute(subject.applicable(metric))
    assert values, "the metric gives no value"
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            assert value.dtype.kind in "biufU", f"{name} is an array of {value.dtype}"
            continue
        number = value.value if isinstance(value, Interval) else value
        assert isinstance(number, float) and math.isfinite(number), (
            f"{name} is {number!r}; give a finite float"
        )
        if isinstance(value, Interval):
            ends = f"[{value.low}, {value.high}]"
            assert -math.inf < value.low <= value.high < math.inf, f"{name} has the interval {ends}"


def sampler_samples(subject: SamplerSubject) -> None:
    """Samples are finite codes (n, d), for n = 1 too."""
    sampler: Sampler = subject.build()
    sampler.fit(subject.codes(), seed=0)
    for n in (7, 1):
        sample, expected = sampler.sample(n, seed=1), (n, subject.latent_dim)
        assert sample.shape == expected, f"sample({n}) has shape {sample.shape}, not {expected}"
        assert np.isfinite(sample).all(), f"sample({n}) holds NaN or inf"


def tracker_observes(subject: TrackerSubject) -> None:
    """A tracker takes a run from its start to its end, and changes nothing of it."""
    given = subject.run()
    before = copy.deepcopy(given)
    subject.observe(subject.build(), *given)
    assert given == before, "the tracker changed what it was given; copy it"
