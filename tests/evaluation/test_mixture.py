from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from gwae_core.context import BuildContext
from gwae_core.evaluation.mixture import component_weights, mixture_clusters
from gwae_core.interfaces import MixturePrior, WeightedSamples


class TwoNormals(MixturePrior):
    """Normals at -4 and 4 of weight 0.8 and 0.2, sampled in equal numbers or as they come."""

    class Config(MixturePrior.Config):
        type: Literal["two-normals"] = "two-normals"
        stratified: bool = True

    config: Config
    num_components = 2
    shares = torch.tensor([0.8, 0.2])

    def log_prob(self, z: Tensor) -> Tensor:
        return self._joint(z).logsumexp(1)

    def _joint(self, z: Tensor) -> Tensor:
        centres = torch.tensor([-4.0, 4.0])
        squared = (z[:, None] - centres[:, None]).square().sum(-1)
        return self.shares.log() - 0.5 * squared

    def responsibilities(self, z: Tensor) -> Tensor:
        return self._joint(z).softmax(1)

    def sample_component(
        self, component: int, n: int, *, generator: torch.Generator | None = None
    ) -> Tensor:
        return self.noise(n, generator=generator) + (-4.0, 4.0)[component]

    def sample(
        self, n: int, *, generator: torch.Generator | None = None
    ) -> Tensor | WeightedSamples:
        noise = self.noise(n, generator=generator)
        if self.config.stratified:
            first = torch.arange(n) < n // 2
            weights = torch.where(first, 0.8, 0.2) / (n // 2)
            return WeightedSamples(noise + torch.where(first, -4.0, 4.0)[:, None], weights)
        first = torch.rand(n, generator=generator) < 0.8
        return noise + torch.where(first, -4.0, 4.0)[:, None]


@pytest.mark.parametrize("stratified", [True, False])
def test_weights_are_found_from_samples_of_either_kind(stratified: bool) -> None:
    prior = TwoNormals(TwoNormals.Config(stratified=stratified), BuildContext.for_shape((4,), 2))
    generator = torch.Generator().manual_seed(0)
    weights = component_weights(prior, generator=generator)
    np.testing.assert_allclose(weights, [0.8, 0.2], atol=0.02)


def test_codes_go_to_the_component_they_are_nearest() -> None:
    prior = TwoNormals(TwoNormals.Config(), BuildContext.for_shape((4,), 2))
    clusters = mixture_clusters(prior, np.array([[-4.0, -4.0], [4.0, 3.0], [5.0, 5.0]]))
    np.testing.assert_array_equal(clusters, [0, 1, 1])
