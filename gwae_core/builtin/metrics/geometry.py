"""The metric `geometry`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from gwae_core.evaluation import (
    compare_distances,
    condensed,
    euclidean_distances,
    random_subset,
    trustworthiness,
)
from gwae_core.interfaces import Metric, MetricInput


class GeometryMetric(Metric):
    """Agreement of distances between codes with distances between data, on the test split.

    For the objective's data metric and for the Euclidean metric of the raw data (``euclidean``),
    over all pairs of at most ``points`` test points: ``spearman`` and ``pearson`` correlation of
    d_x and d_z, ``distortion`` mean |C d_z - d_x| / mean d_x with C the least-squares slope,
    ``trustworthiness`` (neighbours in code are neighbours in data) and ``continuity`` (the
    reverse) (Venna and Kaski, 2001). d_z is Euclidean between posterior means.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["geometry"] = "geometry"
        points: int = Field(2000, ge=3, le=20_000)
        """Most test points whose pairs are compared; more are drawn from by seed."""
        n_neighbors: PositiveInt = 10
        """Neighbours of trustworthiness and continuity; fewer where points are few."""

    config: Config
    better: ClassVar = {
        "spearman": "higher",
        "pearson": "higher",
        "distortion": "lower",
        "trustworthiness": "higher",
        "continuity": "higher",
    }

    def applies(self, data: MetricInput) -> bool:
        """At least three test points, not all equal."""
        x = data.test.x
        return len(x) >= 3 and bool((x != x[:1]).any())

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Compare distances and neighbourhoods."""
        rows = random_subset(len(data.test.x), self.config.points, seed=data.seed)
        d_z = euclidean_distances(data.test.z[rows])
        metrics: dict[str, NDArray[Any]] = {"euclidean": euclidean_distances(data.test.x[rows])}
        if data.d_x is not None:
            metrics[data.d_x_name] = data.d_x[rows][:, rows]
        k = min(self.config.n_neighbors, (len(rows) - 1) // 2)
        values: dict[str, float] = {}
        for name, d_x in metrics.items():
            agreement = compare_distances(condensed(d_x), condensed(d_z))
            values |= {
                f"{name}.spearman": agreement.spearman,
                f"{name}.pearson": agreement.pearson,
                f"{name}.distortion": agreement.distortion,
                f"{name}.trustworthiness": trustworthiness(d_x, d_z, n_neighbors=k),
                f"{name}.continuity": trustworthiness(d_z, d_x, n_neighbors=k),
            }
        return values
