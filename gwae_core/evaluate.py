"""`evaluate`: what a trained model makes of held-out data, as numbers and as arrays to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.evaluated_model import evaluation_mode, run_model
from gwae_core.evaluation.stored import Evaluation, load_evaluation, save_evaluation
from gwae_core.evaluation_figures import draw
from gwae_core.interfaces import DataArrays, Metric, MetricInput, Objective
from gwae_core.measurements import joined, measure

__all__ = ["Evaluation", "evaluate", "load_evaluation", "save_evaluation"]


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
    with labels. Clusters of the test points, by a mixture prior or else by k-means into as many as
    there are labels (``facts["clusters"]`` says which), give ``cluster_contingency`` (labels,
    clusters) of ``cluster_labels`` and ``cluster_names``, and for images ``cluster_examples``
    (shown, 8, *shape) with ``cluster_example_labels`` (-1 where there is no label or no example) of
    the clusters ``cluster_shown`` of ``cluster_counts`` points, at most 32, largest first.
    ``coupling_codes`` (n, n) is the Gromov-Wasserstein plan of at most 64 test points and their own
    codes, ordered by label or component, ``coupling_groups``; ``coupling_prior`` (n, n) that of the
    same points and as many samples of a mixture prior, of the components
    ``coupling_components``. Arrays that metrics give are there as ``metric.name``; the confidence
    intervals of numbers are ``facts["intervals"]``, [low, high] by name.

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
    with evaluation_mode(objective):
        data = metric_input(
            objective, train, test, seed=seed, d_x=d_x, d_x_name=d_x_name, batch_size=batch_size
        )
        measured = [measure(metric, data) for metric in metrics]
        return joined(drawn(data, train, test), measured)


def metric_input(
    objective: Objective,
    train: DataArrays,
    test: DataArrays,
    *,
    seed: int,
    d_x: NDArray[Any] | None = None,
    d_x_name: str = "euclidean",
    batch_size: int = 512,
) -> MetricInput:
    """Encode and reconstruct both splits; the model is in evaluation mode.

    Raises:
        DataError: A split is empty, or the distances are not those of the test split.
        TrainingError: Codes or reconstructions hold NaN or inf.
    """
    for name, split in (("training", train), ("test", test)):
        if len(split.x) == 0:
            raise DataError(f"the {name} split is empty", hint="raise its share under `split`")
    if d_x is not None and d_x.shape != (len(test.x), len(test.x)):
        raise DataError(
            f"distances of the test split must be {(len(test.x), len(test.x))}, got {d_x.shape}"
        )
    return MetricInput(
        model=objective,
        train=run_model(objective, train, batch_size=batch_size),
        test=run_model(objective, test, batch_size=batch_size),
        d_x=d_x,
        d_x_name=d_x_name if d_x is not None else "euclidean",
        seed=seed,
        true_distances=test.true_distances,
    )


def drawn(data: MetricInput, train: DataArrays, test: DataArrays) -> Evaluation:
    """The arrays to draw and what is said about the data, without a metric."""
    figures, facts = draw(data)
    facts |= {
        "data_shape": list(test.x.shape[1:]),
        "label_names": None if test.label_names is None else list(test.label_names),
        "factor_names": None if test.factor_names is None else list(test.factor_names),
        "counts": {"train": len(train.x), "test": len(test.x)},
        "latent_dim": int(data.test.z.shape[1]),
        "d_x_name": data.d_x_name,
        "seed": data.seed,
    }
    return Evaluation({}, figures, facts)
