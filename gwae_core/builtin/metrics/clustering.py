"""The metric `clustering`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from gwae_core.evaluation import cluster_scores, fit_gaussian_mixture, fit_kmeans
from gwae_core.evaluation.mixture import mixture_clusters, mixture_prior
from gwae_core.interfaces import Metric, MetricInput

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
    """

    class Config(Metric.Config):
        """Parameters."""

        type: Literal["clustering"] = "clustering"
        starts: PositiveInt = 20
        """Starts of k-means and of the Gaussian mixture, of which the best fit is kept; as many as
        the mixture prior's own fit has, so that they compare on equal terms."""

    config: Config
    better: ClassVar = {"accuracy": "higher", "nmi": "higher", "ari": "higher"}

    def applies(self, data: MetricInput) -> bool:
        """Labels of at least two classes, and as many training points as classes."""
        if data.train.y is None or data.test.y is None or len(data.test.y) == 0:
            return False
        return 2 <= len(np.unique(data.train.y)) <= len(data.train.y)

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        """Cluster, then compare with the labels of the test split."""
        assert data.train.y is not None and data.test.y is not None
        classes = len(np.unique(data.train.y))
        seed, starts = data.seed, self.config.starts
        values: dict[str, float] = {}
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
            scores = cluster_scores(data.test.y, assigned)
            values |= {f"{name}.{key}": value for key, value in asdict(scores).items()}
        return values
