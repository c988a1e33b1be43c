"""The metric `generation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt
from torch import Tensor

from gwae_core.context import BuildContext
from gwae_core.evaluated_model import decode, like_of
from gwae_core.evaluation import (
    enough_for_frechet,
    frechet_distance,
    kernel_distance,
    manifold_scores,
    measured_mean,
    random_subset,
)
from gwae_core.interfaces import Features, Interval, Metric, MetricInput, Sampler
from gwae_core.registered import Registered, default_config

CHUNK = 256
"""Data points that go through the extractor at once."""


class GenerationMetric(Metric):
    """FID, KID, precision, recall, density and coverage of generated data, against the test split.

    Samples are decoded codes from the prior or, with ``sampler``, from a distribution fitted on the
    training codes. Both sides go through the extractor ``features``, whose name is part of every
    number's name, as is the sampler's: ``random-convolutions.fid``, ``pixels.flow.kid``. Numbers of
    two extractors do not compare.

    ``fid`` (Heusel et al., 2017) falls with the number of samples, so compare equal counts; where
    there are no more samples than features it is called ``singular.fid``, because its covariances
    are, and ``kid`` (Bińkowski et al., 2018), which has no such bias, should be read instead.
    ``precision`` and ``recall`` (Kynkäänniemi et al., 2019), ``density`` and ``coverage`` (Naeem et
    al., 2020) tell quality from diversity. ``real_count`` and ``generated_count`` are the numbers
    of points.
    """

    class Config(Metric.Config):
        """Extractor, source of samples and counts."""

        type: Literal["generation"] = "generation"
        features: Annotated[Features.Config, Registered(Features)] = Field(
            default_factory=default_config("features", "random-convolutions")
        )
        """Extractor in whose features the distributions are compared."""
        sampler: Annotated[Sampler.Config, Registered(Sampler)] | None = None
        """Distribution fitted on training codes that samples come from; null takes the prior."""
        real: int = Field(10_000, ge=6)
        """Test points at most; more are drawn from by seed."""
        generated: int | None = Field(None, ge=6)
        """Generated points; null takes as many as there are test points."""
        neighbors: int = Field(3, ge=1, le=100)
        """Neighbours that the balls of precision and recall reach to."""
        wide_neighbors: int = Field(5, ge=1, le=100)
        """Neighbours that the balls of density and coverage reach to."""
        bootstrap: NonNegativeInt = 0
        """Resamples for 95 % intervals of precision, recall, density and coverage; 0 gives none."""

    config: Config
    better: ClassVar = {
        "fid": "lower",
        "kid": "lower",
        "precision": "higher",
        "recall": "higher",
        "density": "higher",
        "coverage": "higher",
    }

    def applies(self, data: MetricInput) -> bool:
        """Data that the extractor takes, with labels if it needs them, and enough test points."""
        extractor = self.config.features.component
        if extractor.images_only and data.test.x.ndim != 4:
            return False
        if extractor.needs_labels and (data.train.y is None or len(np.unique(data.train.y)) < 2):
            return False
        needed = max(self.config.neighbors, self.config.wide_neighbors)
        return min(len(data.test.x), self.config.real) > needed

    def compute(self, data: MetricInput) -> Mapping[str, float | Interval]:
        """Generate, extract features of both sides, and compare."""
        config = self.config
        rows = random_subset(len(data.test.x), config.real, seed=data.seed)
        count = config.generated or len(rows)
        extractor = self._extractor(data)
        x = _extract(extractor, data.test.x[rows])
        y = _extract(extractor, self._generate(data, count))
        fid = "fid" if enough_for_frechet(x, y) else "singular.fid"
        found: dict[str, float | Interval] = {
            fid: frechet_distance(x, y),
            "kid": kernel_distance(x, y),
            "real_count": float(len(x)),
            "generated_count": float(len(y)),
        }
        scores = manifold_scores(
            x, y, neighbors=config.neighbors, wide_neighbors=config.wide_neighbors
        )
        for name in ("precision", "recall", "density", "coverage"):
            values = getattr(scores, name)
            found[name] = measured_mean(values, resamples=config.bootstrap, seed=data.seed)
        prefix = config.features.type
        if config.sampler is not None:
            prefix += f".{config.sampler.type}"
        return {f"{prefix}.{name}": value for name, value in found.items()}

    def _extractor(self, data: MetricInput) -> Features:
        """The extractor on the model's device, fitted on the training split."""
        train = torch.from_numpy(np.ascontiguousarray(data.train.x, np.float32))
        context = BuildContext.for_data(train, data.test.z.shape[1])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(data.seed)
            extractor: Features = self.config.features.build(context)
        extractor = extractor.to(like_of(data.model).device)
        extractor.fit(data.train.x, data.train.y, seed=data.seed)
        return extractor.eval()

    @torch.inference_mode()
    def _generate(self, data: MetricInput, count: int) -> NDArray[np.float32]:
        """Data of codes from the prior or the sampler, (count, *data_shape)."""
        z: NDArray[Any] | Tensor
        if self.config.sampler is None:
            generator = torch.Generator(like_of(data.model).device).manual_seed(data.seed)
            z = data.model.sample_latent(count, generator=generator)
        else:
            sampler: Sampler = self.config.sampler.build()
            sampler.fit(data.train.z, seed=data.seed)
            z = sampler.sample(count, seed=data.seed)
        parts = [decode(data.model, z[start : start + CHUNK]) for start in range(0, count, CHUNK)]
        return np.concatenate(parts)


@torch.inference_mode()
def _extract(extractor: Features, x: NDArray[Any]) -> NDArray[np.float64]:
    """Features (n, k) of data (n, *data_shape)."""
    like = next(iter((*extractor.parameters(), *extractor.buffers())), torch.empty(0))
    parts = [
        extractor(torch.as_tensor(x[start : start + CHUNK], device=like.device, dtype=like.dtype))
        for start in range(0, len(x), CHUNK)
    ]
    return np.asarray(torch.cat(parts).double().cpu().numpy(), np.float64)
