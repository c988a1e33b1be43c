"""The metric `clustering`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from gwae_core.evaluation import (
    adjusted_rand,
    bootstrap_tables,
    cluster_number,
    cluster_scores,
    contingency,
    fit_gaussian_mixture,
    fit_kmeans,
    matched_accuracy,
    normalized_information,
)
from gwae_core.evaluation.mixture import mixture_clusters, mixture_prior
from gwae_core.interfaces import Measured, Metric, MetricInput

SCORES = {
    "accuracy": matched_accuracy,
    "nmi": normalized_information,
    "ari": adjusted_rand,
}
_fit_raw_mixture = partial(fit_gaussian_mixture, standardize=False)


class ClusteringMetric(Metric):
    """Accuracy, NMI and ARI of clusters found without labels, on the test split.

    Five assignments: ``prior``, the component of largest responsibility of a mixture prior at the
    posterior mean (with ``components``, how many of them some test point has); ``kmeans`` and
    ``gaussian-mixture``, fitted on training codes and applied to test codes, the mixture on
    standardised coordinates and, as ``gaussian-mixture-raw``, on codes as they are, which suits a
    model that leaves coordinates unused; and the baseline
    ``pixel-kmeans``, k-means on the training data themselves. The fitted ones have as many clusters
    as the training labels have classes and use at most 10,000 training points.

    Accuracy is that of the best one-to-one match of clusters and labels (Yang et al., 2010), NMI
    the mutual information over the mean of both entropies (Vinh et al., 2010), ARI the Rand index
    adjusted for chance (Hubert and Arabie, 1985).

    Without labels, for k-means of each k from ``k_min`` to ``k_max`` on the test codes: the mean
    silhouette (Rousseeuw, 1987) and the index of Caliński and Harabasz (1974). ``silhouette.best``
    is the largest and ``silhouette.best_k`` its k, and alike ``calinski_harabasz``; the array
    ``k_curve``, (3, number of k), holds k and both measures.
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["clustering"] = "clustering"
        starts: PositiveInt = 20
        """Starts of k-means and of the Gaussian mixture, of which the best fit is kept; as many as
        the mixture prior's own fit has, so that they compare on equal terms."""
        k_min: int = Field(2, ge=2, le=100)
        """Fewest clusters of the curve over k."""
        k_max: int = Field(12, ge=2, le=100)
        """Most clusters of the curve over k; fewer where there are fewer codes."""
        bootstrap: NonNegativeInt = 0
        """Resamples of test points for 95 % intervals, the clusters as they are; 0 gives none."""

        @model_validator(mode="after")
        def _in_order(self) -> Any:
            if self.k_min > self.k_max:
                raise ValueError(f"k_min ({self.k_min}) must not be above k_max ({self.k_max})")
            return self

    config: Config
    better: ClassVar = {"accuracy": "higher", "nmi": "higher", "ari": "higher", "best": "higher"}

    def applies(self, data: MetricInput) -> bool:
        """Labels of at least two classes, and as many training points as classes."""
        if data.train.y is None or data.test.y is None or len(data.test.y) == 0:
            return False
        return 2 <= len(np.unique(data.train.y)) <= len(data.train.y)

    def compute(self, data: MetricInput) -> Mapping[str, Measured]:
        """Cluster, then compare with the labels of the test split."""
        assert data.train.y is not None and data.test.y is not None
        classes = len(np.unique(data.train.y))
        seed, starts = data.seed, self.config.starts
        values: dict[str, Measured] = {}
        clusters: dict[str, NDArray[Any]] = {}
        if (prior := mixture_prior(data.model)) is not None:
            clusters["prior"] = mixture_clusters(prior, data.test.z)
            values["prior.components"] = float(len(np.unique(clusters["prior"])))
        for name, fit, train, test in (
            ("kmeans", fit_kmeans, data.train.z, data.test.z),
            ("gaussian-mixture", fit_gaussian_mixture, data.train.z, data.test.z),
            ("gaussian-mixture-raw", _fit_raw_mixture, data.train.z, data.test.z),
            ("pixel-kmeans", fit_kmeans, data.train.x, data.test.x),
        ):
            clusters[name] = fit(train, test, classes, seed=seed, starts=starts)
        for name, assigned in clusters.items():
            scores = self._agreement(data.test.y, assigned, seed)
            values |= {f"{name}.{key}": value for key, value in scores.items()}
        return values | self._curve(data)

    def _agreement(
        self, y: NDArray[Any], assigned: NDArray[Any], seed: int
    ) -> Mapping[str, Measured]:
        if not self.config.bootstrap:
            return asdict(cluster_scores(y, assigned))
        table = contingency(y, assigned)
        resampled = partial(bootstrap_tables, resamples=self.config.bootstrap, seed=seed)
        return {name: resampled(table, statistic) for name, statistic in SCORES.items()}

    def _curve(self, data: MetricInput) -> dict[str, Measured]:
        ks = range(self.config.k_min, self.config.k_max + 1)
        curve = cluster_number(data.train.z, data.test.z, ks, seed=data.seed)
        if not len(curve.k):
            return {}
        measured = {
            "silhouette": curve.silhouette,
            "calinski_harabasz": curve.calinski_harabasz,
        }
        found: dict[str, Measured] = {"k_curve": np.stack([curve.k, *measured.values()])}
        for name, of_k in measured.items():
            found[f"{name}.best"] = float(of_k.max())
            found[f"{name}.best_k"] = float(curve.k[of_k.argmax()])
        return found
