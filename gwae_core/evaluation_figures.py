"""The arrays of an evaluation that are drawn: examples, codes, traversals, clusters, couplings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gwae_core.evaluated_model import decode, like_of
from gwae_core.evaluation.clustering import fit_kmeans
from gwae_core.evaluation.contingency_tables import contingency
from gwae_core.evaluation.coupling import gw_plan, seriation
from gwae_core.evaluation.embedding import embed_2d
from gwae_core.evaluation.geometry import condensed, euclidean_distances, least_squares_slope
from gwae_core.evaluation.mixture import component_weights, mixture_clusters, mixture_prior
from gwae_core.evaluation.subsets import balanced_subset, random_subset
from gwae_core.interfaces import Evaluated, MetricInput, MixturePrior

Arrays = dict[str, NDArray[Any]]

IMAGES, TABLE_ROWS, COMPONENTS, PER_COMPONENT = 32, 500, 32, 8
"""Examples of images and of table rows that are kept, components and clusters shown, and samples or
examples of each."""
TRAVERSED, STEPS, WIDTH = 8, 17, 2.5
"""Latent dimensions traversed, steps of each, and half their width in standard deviations."""
MAX_CODES, MAX_PAIRS = 2000, 20_000
"""Most codes and most pairs of distances that are kept for figures."""
COUPLED = 64
"""Points of each side of a coupling: the exact solver takes milliseconds, a reader sees each."""
NO_LABEL = -1


@torch.inference_mode()
def draw(data: MetricInput) -> tuple[Arrays, dict[str, Any]]:
    """The arrays that `gwae_core.evaluate.evaluate` lists, and what is said beside them."""
    model, test, seed = data.model, data.test, data.seed
    generator = torch.Generator(like_of(model).device).manual_seed(seed)
    n, image = len(test.x), test.x.ndim == 4
    examples = balanced_subset(test.y, n, IMAGES if image else TABLE_ROWS, seed=seed)
    drawn = model.sample_latent(64 if image else TABLE_ROWS, generator=generator)
    rows = random_subset(n, MAX_CODES, seed=seed)
    embedding = embed_2d(test.z[rows], seed=seed)
    figures: Arrays = {
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

    prior = mixture_prior(model)
    clusters = None
    if prior is not None:
        clusters, found = mixture_clusters(prior, test.z), "prior"
        figures |= _components(data, prior, clusters, generator)
    elif data.train.y is not None and 2 <= len(np.unique(data.train.y)) <= len(data.train.z):
        classes = len(np.unique(data.train.y))
        clusters, found = fit_kmeans(data.train.z, test.z, classes, seed=seed), "kmeans"
    facts = {"slope": slope, "embedding": embedding.method}
    if clusters is not None:
        figures |= _clusters(test, clusters, seed=seed)
        facts["clusters"] = found
    figures |= _couplings(data, prior, clusters)
    return figures, facts


def _traversals(decode: Callable[[NDArray[Any]], NDArray[np.float32]], z: NDArray[Any]) -> Arrays:
    mean, scale = z.mean(axis=0), z.std(axis=0)
    dims = np.argsort(-scale, kind="stable")[:TRAVERSED]
    base = z[np.square(z - mean).sum(axis=1).argmin()]
    offsets = np.linspace(-WIDTH, WIDTH, STEPS, dtype=np.float32)
    values = mean[dims, None] + scale[dims, None] * offsets  # (dims, steps)
    codes = np.tile(base, (len(dims), STEPS, 1))
    codes[np.arange(len(dims))[:, None], np.arange(STEPS), dims[:, None]] = values
    return {"traversals": decode(codes), "traversal_dims": dims, "traversal_z": values}


def _components(
    data: MetricInput,
    prior: MixturePrior,
    clusters: NDArray[np.int64],
    generator: torch.Generator,
) -> Arrays:
    weights = component_weights(prior, generator=generator)
    shown = np.argsort(-weights, kind="stable")[:COMPONENTS]
    of_each = [prior.sample_component(int(k), PER_COMPONENT, generator=generator) for k in shown]
    return {
        "component_weights": weights,
        "component_counts": np.bincount(clusters, minlength=prior.num_components),
        "component_shown": shown,
        "component_samples": decode(data.model, torch.stack(of_each)),
    }


def _clusters(test: Evaluated, clusters: NDArray[np.int64], *, seed: int) -> Arrays:
    """Clusters of the test points against their labels, and examples of the largest clusters."""
    names, members = np.unique(clusters, return_inverse=True)
    figures: Arrays = {"cluster_names": names}
    if test.y is not None:
        figures["cluster_labels"] = np.unique(test.y)
        figures["cluster_contingency"] = contingency(test.y, clusters)
    if test.x.ndim == 4:
        counts = np.bincount(members)
        shown = np.argsort(-counts, kind="stable")[:COMPONENTS]
        random = np.random.default_rng(seed).permutation(len(members))
        drawn = [random[members[random] == k][:PER_COMPONENT] for k in shown]
        examples = np.zeros((len(shown), PER_COMPONENT, *test.x.shape[1:]), test.x.dtype)
        of_label = np.full((len(shown), PER_COMPONENT), NO_LABEL, np.int64)
        for k, rows in enumerate(drawn):
            examples[k, : len(rows)] = test.x[rows]
            if test.y is not None:
                of_label[k, : len(rows)] = test.y[rows]
        figures |= {
            "cluster_shown": names[shown],
            "cluster_counts": counts[shown],
            "cluster_examples": examples,
            "cluster_example_labels": of_label,
        }
    return figures


def _couplings(
    data: MetricInput, prior: MixturePrior | None, clusters: NDArray[np.int64] | None
) -> Arrays:
    """GW plans of a batch with its own codes and with a mixture prior, rows ordered by label.

    Within a label, or among all points where there are no labels, near points are neighbours.
    """
    test, seed = data.test, data.seed
    if len(test.x) < 2:
        return {}
    rows = balanced_subset(test.y, len(test.x), COUPLED, seed=seed)
    d_x = euclidean_distances(test.x[rows]) if data.d_x is None else data.d_x[rows][:, rows]
    rank = np.argsort(seriation(d_x))
    groups = test.y if test.y is not None else clusters if prior is not None else None
    order = np.lexsort((rank, *(() if groups is None else (groups[rows],))))
    rows, d_x = rows[order], d_x[order][:, order]
    plan = gw_plan(d_x, euclidean_distances(test.z[rows]), start=np.eye(len(rows)) / len(rows))
    figures: Arrays = {"coupling_codes": plan}
    if groups is not None:
        figures["coupling_groups"] = groups[rows]
    if prior is None or groups is None:
        return figures
    # fresh draws, so that what is drawn for other figures does not depend on this one
    generator = torch.Generator(like_of(data.model).device).manual_seed(seed)
    drawn = data.model.sample_latent(len(rows), generator=generator).float().cpu().numpy()
    component = mixture_clusters(prior, drawn)
    plan = gw_plan(d_x, euclidean_distances(drawn))
    place = np.arange(len(rows)) @ plan / plan.sum(axis=0)  # the mean row that each is coupled to
    mean_place = np.bincount(component, place) / np.maximum(np.bincount(component), 1)
    columns = np.lexsort((place, component, mean_place[component]))
    return figures | {
        "coupling_prior": plan[:, columns],
        "coupling_components": component[columns],
    }
