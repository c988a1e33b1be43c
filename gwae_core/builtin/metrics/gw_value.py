"""The Gromov-Wasserstein value of codes and data, free of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gwae_core.evaluation import condensed, euclidean_distances, least_squares_slope
from gwae_core.interfaces import Estimator
from gwae_core.spaces import MMSpace


def gw_values(
    estimators: Sequence[Estimator.Config],
    metrics: Mapping[str, NDArray[Any]],
    x: NDArray[Any],
    z: NDArray[Any],
    *,
    seed: int,
) -> dict[str, float]:
    """GW of data and codes for each estimator, as ``METRIC.ESTIMATOR.gw``.

    Distances of both are divided by the mean d_x, those of codes after the least-squares scale C,
    so that values of all models compare: sum |d_x - C d_z|^2 T T / (mean d_x)^2 with uniform
    weights. An estimator that takes distances is given each metric of the data; one that knows
    squared Euclidean costs alone, or needs points, has the name ``sqeuclidean`` for them.

    Args:
        estimators: Configurations, each type once.
        metrics: Distances of the data by the metric's name, (n, n) each.
        x: Data, (n, *shape), not all equal.
        z: Codes, (n, d).
        seed: Seed of estimators that draw random numbers.
    """
    points = x.reshape(len(x), -1).astype(np.float64)
    codes = z.astype(np.float64)
    d_z = euclidean_distances(codes)
    found: dict[str, float] = {}
    for config in estimators:
        kind: type[Estimator] = config.component
        spaces: dict[str, tuple[MMSpace, MMSpace]] = {}
        if not kind.needs_points and (kind.costs is None or "euclidean" in kind.costs):
            for name, d_x in metrics.items():
                mean, slope = d_x.mean(), least_squares_slope(condensed(d_x), condensed(d_z))
                pair = (d_x.astype(np.float64) / mean, slope * d_z / mean)
                x_space, z_space = (MMSpace(distances=torch.from_numpy(d)) for d in pair)
                spaces[name] = (x_space, z_space)
        else:
            squares = np.square(euclidean_distances(points))
            slope = least_squares_slope(condensed(squares), condensed(np.square(d_z)))
            unit = np.sqrt(squares.mean())
            centred = (points - points.mean(axis=0), np.sqrt(slope) * (codes - codes.mean(axis=0)))
            x_space, z_space = (
                MMSpace(torch.from_numpy(p / unit), cost="sqeuclidean") for p in centred
            )
            spaces["sqeuclidean"] = (x_space, z_space)
        estimator: Estimator = config.build()
        for name, pair_of_spaces in spaces.items():
            generator = torch.Generator().manual_seed(seed)
            with torch.no_grad():
                result = estimator.eval()(*pair_of_spaces, generator=generator)
            found[f"{name}.{config.type}.gw"] = float(result.value)
    return found
