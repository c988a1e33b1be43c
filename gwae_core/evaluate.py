"""`evaluate`: what a trained model makes of held-out data, as numbers and as arrays to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwae_core.errors import ComponentError, DataError, TrainingError
from gwae_core.evaluation.embedding import embed_2d
from gwae_core.evaluation.geometry import condensed, euclidean_distances, least_squares_slope
from gwae_core.evaluation.mixture import component_weights, mixture_clusters, mixture_prior
from gwae_core.evaluation.stored import Evaluation, load_evaluation, save_evaluation, unusable
from gwae_core.evaluation.subsets import balanced_subset, random_subset
from gwae_core.interfaces import (
    DataArrays,
    Evaluated,
    Interval,
    Measured,
    Metric,
    MetricInput,
    Objective,
)

__all__ = ["Evaluation", "evaluate", "load_evaluation", "save_evaluation"]

IMAGES, TABLE_ROWS, COMPONENTS, PER_COMPONENT = 32, 500, 32, 8
"""Examples of images and of table rows that are kept, components shown, samples of each."""
TRAVERSED, STEPS, WIDTH = 8, 9, 2.5
"""Latent dimensions traversed, steps of each, and half their width in standard deviations."""
MAX_CODES, MAX_PAIRS = 2000, 20_000
"""Most codes and most pairs of distances that are kept for figures."""


def evaluate(
    objective: Objective,
    train: DataArrays,
    test: DataArrays,
    metrics: Sequence[Metric],
    *,
    seed: int,
    d_x: NDArray[Any] | None = None,
    d_x_name: str = "euclidean",
    batch_size: int = 512,
) -> Evaluation:
    """Evaluate a trained model: every number is from the test split, at posterior means.

    The model is put in evaluation mode for the time of the call and stays on its device.

    The arrays to draw are ``x``, ``x_hat`` and ``x_label`` (examples, balanced over labels),
    ``samples`` (from the prior), ``z``, ``z_2d`` and ``y`` (at most 2,000 test codes), ``d_x`` and
    ``d_z`` (at most 20,000 pairs of them), ``traversals`` (dimensions, steps, *shape) with
    ``traversal_dims`` and ``traversal_z`` (the latent dimensions of largest code variance, over
    mean +- 2.5 standard deviations, around the code of the example nearest the mean code); and for
    a mixture prior ``component_weights`` and ``component_counts`` (test points whose largest
    responsibility it has), both (K,), and ``component_samples`` (shown, 8, *shape) of the
    components ``component_shown``, at most 32, heaviest first. ``x_label`` and ``y`` are there only
    with labels. Arrays that metrics give are there as ``metric.name``; the confidence intervals of
    numbers are ``facts["intervals"]``, [low, high] by name.

    Args:
        objective: The trained model.
        train: The training split, which some metrics fit on.
        test: The held-out split.
        metrics: Metrics; those that do not apply are left out and named in ``facts["skipped"]``.
        seed: Seed of everything random.
        d_x: Distances of the test split in the objective's data metric, (n, n); None means
            Euclidean distances of the raw data.
        d_x_name: Name of that metric.
        batch_size: Points that are encoded at once.

    Raises:
        DataError: A split is empty, or the distances are not those of the test split.
        TrainingError: Codes or reconstructions hold NaN or inf.
        ComponentError: A metric returned NaN or inf, or two metrics share a name.
    """
    for name, split in (("training", train), ("test", test)):
        if len(split.x) == 0:
            raise DataError(f"the {name} split is empty", hint="raise its share under `split`")
    if d_x is not None and d_x.shape != (len(test.x), len(test.x)):
        raise DataError(
            f"distances of the test split must be {(len(test.x), len(test.x))}, got {d_x.shape}"
        )
    with _evaluation_mode(objective):
        data = MetricInput(
            model=objective,
            train=_run_model(objective, train, batch_size),
            test=_run_model(objective, test, batch_size),
            d_x=d_x,
            d_x_name=d_x_name,
            seed=seed,
        )
        measured, skipped = _compute(metrics, data)
        figures, facts = _figures(data)
    values, intervals = _numbers(measured)
    figures |= {name: found for name, found in measured.items() if isinstance(found, np.ndarray)}
    facts |= {
        "intervals": intervals,
        "data_shape": list(test.x.shape[1:]),
        "label_names": None if test.label_names is None else list(test.label_names),
        "factor_names": None if test.factor_names is None else list(test.factor_names),
        "counts": {"train": len(train.x), "test": len(test.x)},
        "latent_dim": int(data.test.z.shape[1]),
        "metrics": [metric.name() for metric in metrics if metric.name() not in skipped],
        "skipped": skipped,
        "d_x_name": d_x_name if d_x is not None else "euclidean",
        "seed": seed,
    }
    return Evaluation(values, figures, facts)


@contextmanager
def _evaluation_mode(model: Objective) -> Iterator[None]:
    training = {name: module.training for name, module in model.named_modules()}
    model.eval()
    try:
        yield
    finally:
        for name, module in model.named_modules():
            module.training = training[name]


def _like(model: Objective) -> Tensor:
    """A floating tensor of the model, which tells its device and dtype."""
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            return tensor
    return torch.empty(0)


def _decode(model: Objective, z: NDArray[Any] | Tensor) -> NDArray[np.float32]:
    """Decode codes (..., d) to data (..., *shape)."""
    like = _like(model)
    codes = torch.as_tensor(z, device=like.device, dtype=like.dtype)
    data = model.decode(codes.reshape(-1, codes.shape[-1]))
    data = data.reshape(*codes.shape[:-1], *data.shape[1:])
    return np.asarray(data.float().cpu().numpy(), np.float32)


@torch.inference_mode()
def _run_model(model: Objective, arrays: DataArrays, batch_size: int) -> Evaluated:
    like = _like(model)
    codes, decoded = [], []
    for start in range(0, len(arrays.x), batch_size):
        batch = torch.from_numpy(arrays.x[start : start + batch_size])
        means = model.encode(batch.to(like.device, like.dtype)).mean
        codes.append(means.float().cpu().numpy())
        decoded.append(_decode(model, means))
    z, x_hat = np.concatenate(codes), np.concatenate(decoded)
    for name, values in (("codes", z), ("reconstructions", x_hat)):
        if not np.isfinite(values).all():
            raise TrainingError(
                f"{name} of the trained model hold NaN or inf",
                hint="train again with a lower learning rate or gradient_clip",
            )
    return Evaluated(arrays.array, z, x_hat, arrays.y, arrays.factors)


def _compute(metrics: Sequence[Metric], data: MetricInput) -> tuple[dict[str, Measured], list[str]]:
    values: dict[str, Measured] = {}
    skipped: list[str] = []
    for metric in metrics:
        if not metric.applies(data):
            skipped.append(metric.name())
            continue
        found = {f"{metric.name()}.{name}": value for name, value in metric.compute(data).items()}
        if wrong := unusable(_numbers(found)[0]):
            raise ComponentError(f"the metric gave a value that is not finite: {', '.join(wrong)}")
        if twice := sorted(values.keys() & found.keys()):
            raise ComponentError(
                f"two metrics give the value {twice[0]!r}",
                hint=f"list the metric {metric.name()!r} once",
            )
        values |= found
    return values, skipped


def _numbers(
    measured: Mapping[str, Measured],
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """The numbers by name, and the ends of those that have a confidence interval."""
    values: dict[str, float] = {}
    intervals: dict[str, list[float]] = {}
    for name, found in measured.items():
        if isinstance(found, Interval):
            values[name] = float(found.value)
            intervals[name] = [float(found.low), float(found.high)]
        elif not isinstance(found, np.ndarray):
            values[name] = float(found)
    return values, intervals


@torch.inference_mode()
def _figures(data: MetricInput) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    model, test, seed = data.model, data.test, data.seed
    like = _like(model)
    generator = torch.Generator(like.device).manual_seed(seed)
    n, image = len(test.x), test.x.ndim == 4
    examples = balanced_subset(test.y, n, IMAGES if image else TABLE_ROWS, seed=seed)
    drawn = model.sample_latent(64 if image else TABLE_ROWS, generator=generator)
    rows = random_subset(n, MAX_CODES, seed=seed)
    embedding = embed_2d(test.z[rows], seed=seed)
    figures: dict[str, NDArray[Any]] = {
        "x": test.x[examples],
        "x_hat": test.x_hat[examples],
        "samples": _decode(model, drawn),
        "z": test.z[rows],
        "z_2d": embedding.points,
        **_traversals(lambda z: _decode(model, z), test.z),
    }
    if test.y is not None:
        figures |= {"x_label": test.y[examples], "y": test.y[rows]}

    full = euclidean_distances(test.x[rows]) if data.d_x is None else data.d_x[rows][:, rows]
    d_x, d_z = condensed(full), condensed(euclidean_distances(test.z[rows]))
    slope = least_squares_slope(d_x, d_z)
    pairs = random_subset(len(d_x), MAX_PAIRS, seed=seed)
    figures |= {"d_x": d_x[pairs].astype(np.float32), "d_z": d_z[pairs].astype(np.float32)}

    if (prior := mixture_prior(model)) is not None:
        weights = component_weights(prior, generator=generator)
        shown = np.argsort(-weights, kind="stable")[:COMPONENTS]
        of_each = [
            prior.sample_component(int(k), PER_COMPONENT, generator=generator) for k in shown
        ]
        clusters = mixture_clusters(prior, test.z)
        figures |= {
            "component_weights": weights,
            "component_counts": np.bincount(clusters, minlength=prior.num_components),
            "component_shown": shown,
            "component_samples": _decode(model, torch.stack(of_each)),
        }
    return figures, {"slope": slope, "embedding": embedding.method}


def _traversals(
    decode: Callable[[NDArray[Any]], NDArray[np.float32]], z: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    mean, scale = z.mean(axis=0), z.std(axis=0)
    dims = np.argsort(-scale, kind="stable")[:TRAVERSED]
    base = z[np.square(z - mean).sum(axis=1).argmin()]
    offsets = np.linspace(-WIDTH, WIDTH, STEPS, dtype=np.float32)
    values = mean[dims, None] + scale[dims, None] * offsets  # (dims, steps)
    codes = np.tile(base, (len(dims), STEPS, 1))
    codes[np.arange(len(dims))[:, None], np.arange(STEPS), dims[:, None]] = values
    return {"traversals": decode(codes), "traversal_dims": dims, "traversal_z": values}
