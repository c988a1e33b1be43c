"""Laws of the kinds that are no torch modules: data sets, metrics, samplers, trackers."""

from __future__ import annotations

import copy
import math
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError
from gwae_core.interfaces import Dataset, Evaluated, Metric, MetricInput, Objective, Sampler
from gwae_core.registered import config_class
from gwae_core.splits import checksum
from gwae_core.testing.check import NotApplicable
from gwae_core.testing.objective_checks import ObjectiveSubject
from gwae_core.testing.subject import Subject, changed_states, random_states

CLASSES = 3


def dataset_arrays(subject: Subject) -> None:
    """Arrays fit together, are finite, and labels have names."""
    dataset: Dataset = subject.config.build()
    data = dataset.load()
    try:
        check_arrays(data)
    except DataError as error:
        raise AssertionError(str(error)) from error
    assert data.x.dtype == np.float32, f"x is {data.x.dtype}; return x.astype(np.float32)"
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


def dataset_reproducible(subject: Subject) -> None:
    """Loaded twice, the data are the same, and no global random state is touched."""
    before = random_states()
    first, again = (checksum(subject.config.build().load()) for _ in range(2))
    assert first == again, "two loads differ; fix the seed of what is drawn by a field of Config"
    _require_untouched(before)


def metric_values(subject: Subject) -> None:
    """Values are finite numbers under names, and equal for equal seeds."""
    metric: Metric = subject.build()
    data = _metric_input(subject)
    if not metric.applies(data):
        raise NotApplicable(f"{metric.name()} does not apply to images with labels and factors")
    before = random_states()
    first, again = metric.compute(data), metric.compute(data)
    _require_untouched(before)
    assert first, "the metric gives no value"
    for name, value in first.items():
        assert isinstance(value, float) and math.isfinite(value), (
            f"{name} is {value!r}; give a finite float"
        )
        assert again.get(name) == value, (
            f"{name} is {value}, then {again.get(name)}; draw with data.seed"
        )


def sampler_samples(subject: Subject) -> None:
    """Samples are finite codes (n, d), for n = 1 too, and equal for equal seeds."""
    z = np.random.default_rng(0).normal(size=(60, subject.latent_dim)).astype(np.float32)
    before = random_states()
    drawn = []
    for _ in range(2):
        sampler: Sampler = subject.build()
        sampler.fit(z, seed=0)
        drawn.append(sampler.sample(7, seed=1))
    _require_untouched(before)
    for n, sample in ((7, drawn[0]), (1, sampler.sample(1, seed=1))):
        expected = (n, subject.latent_dim)
        assert sample.shape == expected, f"sample({n}) has shape {sample.shape}, not {expected}"
        assert np.isfinite(sample).all(), f"sample({n}) holds NaN or inf"
    assert np.array_equal(drawn[0], drawn[1]), (
        "samples differ between two calls of one seed; use `seed`"
    )


def tracker_observes(subject: Subject) -> None:
    """A tracker takes a run from its start to its end, and changes nothing of it."""
    record = {"event": "terms", "step": 1, "terms": {"reconstruction": 0.5}}
    config, metrics = {"seed": 0, "latent_dim": 2}, {"reconstruction.mse": 0.1}
    given = copy.deepcopy((record, config, metrics))
    before = random_states()
    with tempfile.TemporaryDirectory() as folder:
        tracker = subject.build()
        tracker.start(Path(folder), config)
        tracker.record(record)
        tracker.finish(metrics)
    _require_untouched(before)
    assert (record, config, metrics) == given, "the tracker changed what it was given; copy it"


def _require_untouched(before: dict[str, object]) -> None:
    changed = changed_states(before)
    assert not changed, (
        f"the global random state of {', '.join(changed)} changed; use a generator of your own, "
        "such as np.random.default_rng(seed)"
    )


def _metric_input(subject: Subject) -> MetricInput:
    """A small untrained model, and two splits with labels and factors."""
    objective = config_class("objective", "vae").model_validate({"type": "vae"})
    model = ObjectiveSubject(objective, subject.data_shape, subject.latent_dim).build().eval()
    x = subject.data(100)
    return MetricInput(model=model, train=_evaluated(model, x[:60]), test=_evaluated(model, x[60:]))


@torch.inference_mode()
def _evaluated(model: Objective, x: torch.Tensor) -> Evaluated:
    z = model.encode(x).mean
    rows: NDArray[np.int64] = np.arange(len(x))
    factors = np.stack([rows % 2, rows % 5], axis=1).astype(np.float64)
    return Evaluated(
        x=x.numpy(), z=z.numpy(), x_hat=model.decode(z).numpy(), y=rows % CLASSES, factors=factors
    )
