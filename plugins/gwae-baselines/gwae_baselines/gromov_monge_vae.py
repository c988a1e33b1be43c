"""The variational autoencoder regularised by the Gromov-Monge gap."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, Estimator, GWResult, MMSpace, Objective
from gwae_core.context import require
from gwae_core.ramps import Weight
from gwae_core.registered import Registered, default_config


class GromovMongeVAE(PenalizedAutoencoder):
    """Variational autoencoder whose maps distort geometry no more than their ends make them.

    L = E_q[-log p(x | z)] + beta KL(q(z | x) | pi(z)) + lambda GMG, GMG the Gromov-Monge gap of a
    map between two batches, its distortion less the Gromov-Wasserstein distance of its ends:
    (1/n^2) sum_ij |c(z_i, z_j) - c(T z_i, T z_j)|^2 - min_P sum |c - c|^2 P P (Uscidda et al.,
    2025). The map is the decoder on z ~ q, or the encoder's mean on data. Unlike the distortion it
    is zero for the best map between two different shapes.
    """

    class Config(Objective.Config):
        """Weights of the terms, and which map is regularised in which geometry."""

        type: Literal["gromov-monge-vae"] = "gromov-monge-vae"
        beta: Weight = 1.0
        """Weight of the divergence: a number, or a ramp over the run."""
        weight: Weight = 1.0
        """Weight lambda of the gap: a number, or a ramp over the run."""
        map: Literal["decoder", "encoder"] = "decoder"
        """Which map is regularised."""
        ground_cost: Literal["cosine", "euclidean", "sqeuclidean"] = "cosine"
        """Cost c on both sides. ``cosine`` keeps angles and has no unit; the others keep distances,
        in the units of data and codes."""
        estimator: Annotated[Estimator.Config, Registered(Estimator, "gromov-monge-gap")] = Field(
            default_factory=default_config("estimator", "gromov-monge-gap")
        )
        """Estimator of the gap; ``paired`` gives the distortion alone."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        self.gap: Estimator = config.estimator.build(require(context, self))

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``divergence`` and ``gap``."""
        ends = (coded.z, coded.x_hat)
        if self.config.map == "encoder":
            ends = (coded.x, coded.posterior.mean)
        return {
            "divergence": self.weight(self.config.beta) * self.kl(coded),
            "gap": self.weight(self.config.weight) * self._gap(*ends, generator=generator),
        }

    def _gap(self, source: Tensor, image: Tensor, *, generator: torch.Generator) -> Tensor:
        """Gap of the map that takes row i of one to row i of the other, (n, ...) each."""
        x, z = (MMSpace(end.flatten(1), cost=self.config.ground_cost) for end in (source, image))
        found: GWResult = self.gap(x, z, rho=2.0, generator=generator)
        return found.objective
