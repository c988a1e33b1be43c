"""Variational deep embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, FittablePrior, MixturePrior, Objective, Posterior, Stage
from gwae_core.errors import ComponentError
from gwae_core.interfaces import Resumable
from gwae_core.interfaces.resumable import Carried
from gwae_core.posteriors import StandardizedPosterior
from gwae_core.ramps import Weight

PRETRAINING, JOINT = "pretraining", "joint"


class VaDE(PenalizedAutoencoder, Resumable):
    """Variational deep embedding: clusters are the components of a mixture prior.

    First a plain autoencoder; then the mixture is fitted on its codes; then all parts minimise
    L = E_q[-log p(x | z)] + beta E_q[log q(z | x) - log sum_k w_k N(z; mu_k, S_k)] (Jiang et al.,
    2017). The cluster is summed out at each sample z, which is the bound of the paper with
    q(k | x) = p(k | z) where the paper keeps the KL between the two: the same where clusters do not
    overlap, and tighter elsewhere. Between the two stages the codes are centred and brought to unit
    scale, as the mixture of core is.
    """

    class Config(Objective.Config):
        """Length of the first stage, and the weight of the divergence."""

        type: Literal["vade"] = "vade"
        pretraining_share: float = Field(0.4, gt=0, lt=1)
        """Share of the steps before the mixture is fitted."""
        beta: Weight = 1.0
        """Weight of the divergence: a number, or a ramp over the run."""

    config: Config
    code_mean: Tensor
    code_scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        if not isinstance(self.prior, FittablePrior) or not isinstance(self.prior, MixturePrior):
            raise ComponentError(
                f"vade needs a mixture that can be fitted on codes; {self.prior.name()!r} is none",
                hint="take prior gaussian-mixture",
            )
        self.stage = JOINT
        self.register_buffer("code_mean", torch.zeros(self.latent_dim))
        self.register_buffer("code_scale", torch.ones(()))

    def stages(self) -> Sequence[Stage]:
        """``pretraining`` and ``joint``."""
        share = self.config.pretraining_share
        return (Stage(PRETRAINING, share), Stage(JOINT, 1 - share))

    @torch.no_grad()
    def start_stage(self, stage: str, x: Tensor, *, generator: torch.Generator) -> None:
        """Before the joint stage, standardise the codes and fit the mixture on them."""
        self.stage = stage
        if stage == JOINT:
            means = self.encode_all(x)
            centre = means.mean(0)
            scale = (means - centre).square().mean().sqrt().clamp_min(1e-6)
            # codes of an earlier training are standardised already
            self.code_mean.add_(self.code_scale * centre)
            self.code_scale.mul_(scale)
            assert isinstance(self.prior, FittablePrior)
            seed = int(torch.randint(2**31, (), generator=generator, device=generator.device))
            self.prior.fit((means - centre) / scale, seed=seed)

    def code(self, posterior: Posterior, *, generator: torch.Generator) -> Tensor:
        """The mean (n, d) in the first stage, then a sample."""
        if self.stage == PRETRAINING:
            return posterior.mean
        return super().code(posterior, generator=generator)

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """Nothing in the first stage, then ``divergence``."""
        if self.stage == PRETRAINING:
            return {}
        return {"divergence": self.weight(self.config.beta) * self.kl(coded)}

    def encode(self, x: Tensor) -> Posterior:
        """Posterior over standardised codes of data (n, *data_shape)."""
        scale = self.code_scale.expand(self.latent_dim)
        return StandardizedPosterior(super().encode(x), self.code_mean, scale)

    def decode_params(self, z: Tensor) -> Tensor:
        """Decoder's output (n, *output_shape) for standardised codes (n, d)."""
        return super().decode_params(z * self.code_scale + self.code_mean)

    def training_state(self) -> Mapping[str, Carried]:
        """The stage."""
        return {"stage": self.stage}

    def load_training_state(self, state: Mapping[str, Carried]) -> None:
        """Go on in a stage."""
        self.stage = str(state["stage"])
