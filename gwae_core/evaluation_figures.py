"""The arrays of an evaluation that are drawn: examples, samples, codes, distances, traversals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gwae_core.evaluated_model import decode, like_of
from gwae_core.evaluation.embedding import embed_2d
from gwae_core.evaluation.geometry import condensed, euclidean_distances, least_squares_slope
from gwae_core.evaluation.mixture import component_weights, mixture_clusters, mixture_prior
from gwae_core.evaluation.subsets import balanced_subset, random_subset
from gwae_core.interfaces import MetricInput

IMAGES, TABLE_ROWS, COMPONENTS, PER_COMPONENT = 32, 500, 32, 8
"""Examples of images and of table rows that are kept, components shown, samples of each."""
TRAVERSED, STEPS, WIDTH = 8, 9, 2.5
"""Latent dimensions traversed, steps of each, and half their width in standard deviations."""
MAX_CODES, MAX_PAIRS = 2000, 20_000
"""Most codes and most pairs of distances that are kept for figures."""


@torch.inference_mode()
def draw(data: MetricInput) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays that `gwae_core.evaluate.evaluate` lists, and what is said beside them."""
    model, test, seed = data.model, data.test, data.seed
    like = like_of(model)
    generator = torch.Generator(like.device).manual_seed(seed)
    n, image = len(test.x), test.x.ndim == 4
    examples = balanced_subset(test.y, n, IMAGES if image else TABLE_ROWS, seed=seed)
    drawn = model.sample_latent(64 if image else TABLE_ROWS, generator=generator)
    rows = random_subset(n, MAX_CODES, seed=seed)
    embedding = embed_2d(test.z[rows], seed=seed)
    figures: dict[str, NDArray[Any]] = {
        "x": test.x[examples],
        "x_hat": test.x_hat[examples],
        "samples": decode(model, drawn),
        "z": test.z[rows],
        "z_2d": embedding.points,
        **_traversals(lambda z: decode(model, z), test.z),
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
            "component_samples": decode(model, torch.stack(of_each)),
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
