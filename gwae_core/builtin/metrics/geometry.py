"""The metric `geometry`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, field_validator

from gwae_core.builtin.metrics.gw_value import gw_values
from gwae_core.evaluated_model import like_of
from gwae_core.evaluation import (
    compare_distances,
    condensed,
    distance_correlation,
    distortion_range,
    euclidean_distances,
    random_subset,
    sliced_distance,
    trustworthiness,
)
from gwae_core.interfaces import Estimator, Metric, MetricInput
from gwae_core.registered import Registered


class GeometryMetric(Metric):
    """Agreement of distances between codes with distances between data, on the test split.

    For the objective's data metric, the Euclidean metric of the raw data (``euclidean``) and the
    true distances where the data set knows them (``true``), over all pairs of at most ``points``
    test points: ``spearman`` and ``pearson`` correlation of d_x and d_z, ``distance_correlation``
    (Székely et al., 2007), ``distortion`` mean |C d_z - d_x| / mean d_x with C the least-squares
    slope, the same over the tenth of the pairs that is nearest and the tenth that is farthest in
    the data (``local_distortion``, ``global_distortion``), ``trustworthiness`` (neighbours in code
    are neighbours in data) and ``continuity`` (the reverse) (Venna and Kaski, 2001). d_z is
    Euclidean between posterior means.

    For each estimator in ``estimators``, ``METRIC.ESTIMATOR.gw``: the Gromov-Wasserstein value of
    data and codes, distances divided by the mean d_x and codes scaled by C.
    ``prior.sliced_wasserstein`` is the sliced Wasserstein distance of codes and as many samples of
    the prior, in units of the codes (Bonneel et al., 2015), and ``prior.sampling_floor`` that of
    two samples of the prior: no model comes below it but by chance.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["geometry"] = "geometry"
        points: int = Field(2000, ge=3, le=20_000)
        """Most test points whose pairs are compared; more are drawn from by seed."""
        n_neighbors: PositiveInt = 10
        """Neighbours of trustworthiness and continuity; fewer where points are few."""
        estimators: tuple[Annotated[Estimator.Config, Registered(Estimator)], ...] = ()
        """Estimators of the Gromov-Wasserstein value of data and codes; each name once."""
        gw_points: int = Field(300, ge=3, le=20_000)
        """Most of the points that these estimators are given."""
        projections: PositiveInt = 200
        """Random directions of the sliced Wasserstein distance."""

        @field_validator("estimators")
        @classmethod
        def _each_once(cls, estimators: tuple[Estimator.Config, ...]) -> Any:
            names = [config.type for config in estimators]
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(
                    f"the estimator {twice[0]!r} is listed twice; its values would have one name"
                )
            return estimators

    config: Config
    better: ClassVar = {
        "spearman": "higher",
        "pearson": "higher",
        "distance_correlation": "higher",
        "distortion": "lower",
        "local_distortion": "lower",
        "global_distortion": "lower",
        "trustworthiness": "higher",
        "continuity": "higher",
        "gw": "lower",
        "sliced_wasserstein": "lower",
    }

    def applies(self, data: MetricInput) -> bool:
        """At least three test points, not all equal."""
        x = data.test.x
        return len(x) >= 3 and bool((x != x[:1]).any())

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Compare distances and neighbourhoods, and codes with the prior."""
        rows = random_subset(len(data.test.x), self.config.points, seed=data.seed)
        z = data.test.z[rows]
        d_z = euclidean_distances(z)
        metrics: dict[str, NDArray[Any]] = {"euclidean": euclidean_distances(data.test.x[rows])}
        if data.d_x is not None:
            metrics[data.d_x_name] = data.d_x[rows][:, rows]
        if data.true_distances is not None and data.test.factors is not None:
            metrics["true"] = data.true_distances(data.test.factors[rows])
        k = min(self.config.n_neighbors, (len(rows) - 1) // 2)
        values: dict[str, float] = {}
        for name, d_x in metrics.items():
            pairs = condensed(d_x), condensed(d_z)
            agreement, by_range = compare_distances(*pairs), distortion_range(*pairs)
            values |= {
                f"{name}.spearman": agreement.spearman,
                f"{name}.pearson": agreement.pearson,
                f"{name}.distance_correlation": distance_correlation(d_x, d_z),
                f"{name}.distortion": agreement.distortion,
                f"{name}.local_distortion": by_range.local,
                f"{name}.global_distortion": by_range.far,
                f"{name}.trustworthiness": trustworthiness(d_x, d_z, n_neighbors=k),
                f"{name}.continuity": trustworthiness(d_z, d_x, n_neighbors=k),
            }
        return values | self._prior(z, data) | self._gw(rows, metrics, data)

    @torch.inference_mode()
    def _prior(self, z: NDArray[Any], data: MetricInput) -> dict[str, float]:
        """Sliced Wasserstein distance of codes and prior, and of the prior from itself."""
        generator = torch.Generator(like_of(data.model).device).manual_seed(data.seed)
        drawn = data.model.sample_latent(2 * len(z), generator=generator)
        samples = np.asarray(drawn.double().cpu().numpy())
        one, other = samples[: len(z)], samples[len(z) :]
        settings = {"projections": self.config.projections, "seed": data.seed}
        return {
            "prior.sliced_wasserstein": sliced_distance(z, one, **settings),
            "prior.sampling_floor": sliced_distance(other, one, **settings),
        }

    def _gw(
        self, rows: NDArray[np.int64], metrics: dict[str, NDArray[Any]], data: MetricInput
    ) -> dict[str, float]:
        """Values of the estimators, over fewer points."""
        if not self.config.estimators:
            return {}
        kept = random_subset(len(rows), self.config.gw_points, seed=data.seed)
        chosen = {name: d[kept][:, kept] for name, d in metrics.items() if d[kept][:, kept].any()}
        if "euclidean" not in chosen:  # the few points are all equal
            return {}
        x, z = data.test.x[rows[kept]], data.test.z[rows[kept]]
        return gw_values(self.config.estimators, chosen, x, z, seed=data.seed)
