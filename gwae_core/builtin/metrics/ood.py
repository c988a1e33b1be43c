"""The metric `ood`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt

from gwae_core.errors import DataError
from gwae_core.evaluated_model import like_of, run_model
from gwae_core.evaluation import detection, neighbor_distances, random_subset, squared_errors
from gwae_core.interfaces import (
    AdversarialDivergence,
    DataArrays,
    Dataset,
    DensityPrior,
    Evaluated,
    Measured,
    Metric,
    MetricInput,
    Objective,
    Sample,
)
from gwae_core.registered import Registered

BATCH = 512
"""Points that go through the model at once."""


class OutOfDistributionMetric(Metric):
    """How well scores of the model tell another data set from the test split.

    Scores, each larger for what looks foreign: ``critic``, -f(g(z), z) at the posterior mean, where
    the model has an adversarial divergence (f is large for pairs that the model generates, so that
    codes and reconstructions unlike generated ones have a low value; Nakagawa et al., 2023);
    ``reconstruction``, the squared error; ``density``, -log pi(z) where the prior has a density;
    ``neighbors``, the distance of z to its k-th nearest training code (Sun et al., 2022); and the
    baseline ``pixel-mean``, |mean of x - mean of the training data|, which needs no model: a set of
    other brightness is told by brightness alone.

    For each ``auroc``, ``aupr`` and ``fpr95``, the share of test points that are flagged where 95 %
    of the others are (Hendrycks and Gimpel, 2017); the other data set is the positive class, and
    ``outside.share`` is the ``aupr`` of chance. The curve is the array ``SCORE.roc``, (2, points):
    false and true positive rates.
    """

    class Config(Metric.Config):
        """The other data set, counts and neighbours."""

        type: Literal["ood"] = "ood"
        data: Annotated[Dataset.Config, Registered(Dataset)]
        """Out-of-distribution data set, of the same shape."""
        label: str = Field("", pattern="^[A-Za-z0-9_-]*$")
        """Name that comes before the scores' names, where several such sets are listed."""
        points: PositiveInt = 10_000
        """Points of either set at most, and training codes; more are drawn from by seed."""
        neighbors: PositiveInt = 10
        """Which nearest training code a point's distance is taken to."""
        bootstrap: NonNegativeInt = 0
        """Resamples of both sets for 95 % intervals; 0 gives none."""

    config: Config
    better: ClassVar = {"auroc": "higher", "aupr": "higher", "fpr95": "lower"}

    def compute(self, data: MetricInput) -> Mapping[str, Measured]:
        """Score both sets, and compare.

        Raises:
            DataError: The other data set cannot be read, is empty, or has another shape.
        """
        outside = self._outside(data)
        inside = _rows(data.test, self._subset(len(data.test.x), data.seed))
        scored = [self._scores(part, data) for part in (inside, outside)]
        found: dict[str, Measured] = {}
        for name, of_inside in scored[0].items():
            result = detection(
                of_inside, scored[1][name], resamples=self.config.bootstrap, seed=data.seed
            )
            found |= {f"{name}.{key}": value for key, value in vars(result).items()}
        found["outside.share"] = len(outside.x) / (len(inside.x) + len(outside.x))
        prefix = f"{self.config.label}." if self.config.label else ""
        return {f"{prefix}{name}": value for name, value in found.items()}

    def _subset(self, n: int, seed: int) -> NDArray[np.int64]:
        return random_subset(n, self.config.points, seed=seed)

    def _outside(self, data: MetricInput) -> Evaluated:
        """The other data set, encoded and reconstructed."""
        arrays: DataArrays = self.config.data.build().load()
        shape, expected = arrays.x.shape[1:], data.test.x.shape[1:]
        if tuple(shape) != tuple(expected) or len(arrays.x) == 0:
            raise DataError(
                f"the out-of-distribution data {self.config.data.type!r} have the shape "
                f"{tuple(arrays.x.shape)}, and the model takes points of {tuple(expected)}",
                hint="bring them to the same shape by the fields of the data set, such as its "
                "layout or size",
            )
        x = np.asarray(arrays.x[self._subset(len(arrays.x), data.seed)], np.float32)
        if not np.isfinite(x).all():
            raise DataError("the out-of-distribution data hold NaN or inf")
        return run_model(data.model, DataArrays(x), batch_size=BATCH)

    def _scores(self, part: Evaluated, data: MetricInput) -> dict[str, NDArray[np.float64]]:
        """Every score of points; a larger one is more foreign."""
        train = data.train.z[self._subset(len(data.train.z), data.seed)]
        means = part.x.reshape(len(part.x), -1).mean(axis=1, dtype=np.float64)
        return {
            **_model_scores(data.model, part),
            "reconstruction": squared_errors(part.x, part.x_hat),
            "neighbors": neighbor_distances(train, part.z, neighbors=self.config.neighbors),
            "pixel-mean": np.abs(means - float(data.train.x.mean(dtype=np.float64))),
        }


def _rows(part: Evaluated, rows: NDArray[np.int64]) -> Evaluated:
    return Evaluated(part.x[rows], part.z[rows], part.x_hat[rows])


@torch.inference_mode()
def _model_scores(model: Objective, part: Evaluated) -> dict[str, NDArray[np.float64]]:
    """Scores of the critic and of the prior's density, where the model has them."""
    like = like_of(model)
    children = list(model.children())
    critic = next((c for c in children if isinstance(c, AdversarialDivergence)), None)
    prior = next((c for c in children if isinstance(c, DensityPrior)), None)
    found: dict[str, list[Any]] = {}
    for start in range(0, len(part.z), BATCH):
        z, x_hat = (
            torch.as_tensor(values[start : start + BATCH], device=like.device, dtype=like.dtype)
            for values in (part.z, part.x_hat)
        )
        if critic is not None:
            sample = Sample(z, x=x_hat if critic.joint else None)
            found.setdefault("critic", []).append(-critic.score(sample))
        if prior is not None:
            found.setdefault("density", []).append(-prior.log_prob(z))
    return {
        name: np.asarray(torch.cat(parts).double().cpu().numpy()) for name, parts in found.items()
    }
