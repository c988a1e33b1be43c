"""The InfoVAE."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field, NonNegativeFloat, model_validator
from torch import Tensor

from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_baselines.wae import require_codes
from gwae_core import BuildContext, Divergence, Objective
from gwae_core.registered import Registered, default_config


class InfoVAE(PenalizedAutoencoder):
    """InfoVAE: a VAE that keeps the information of codes about data.

    L = E_q loss(g(z~), x) + (1 - alpha) E_x KL(q(z | x) | pi) + (alpha + lambda - 1) D(q(z), pi(z))
    (Zhao et al., 2019), codes (n, d). With alpha = 0, lambda = 1 it is the VAE; with alpha = 1 a
    Wasserstein autoencoder of weight lambda.
    """

    class Config(Objective.Config):
        """The two weights and the divergence."""

        type: Literal["info-vae"] = "info-vae"
        alpha: float = Field(0.0, le=1)
        """Weight of the mutual information of data and codes; 1 leaves the KL out."""
        weight: NonNegativeFloat = 10.0
        """Lambda, of which the divergence gets alpha + lambda - 1."""
        divergence: Annotated[Divergence.Config, Registered(Divergence, "mmd")] = Field(
            default_factory=default_config("divergence", "mmd")
        )
        """Divergence of codes (n, d) from as many samples of the prior."""

        @property
        def divergence_weight(self) -> float:
            """Alpha + lambda - 1."""
            return self.alpha + self.weight - 1

        @model_validator(mode="after")
        def _is_a_divergence(self) -> InfoVAE.Config:
            if self.divergence_weight < 0:
                raise ValueError(
                    f"the divergence has the weight alpha + weight - 1 = "
                    f"{self.divergence_weight:g}, which must not be negative; raise weight to "
                    f"{1 - self.alpha:g} or more"
                )
            return self

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        self.divergence: Divergence = config.divergence.build(context)
        require_codes(self.divergence, self)

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``kl`` of each posterior, and ``divergence`` of all of them together."""
        q, p = self.compared(coded.x, coded.z, generator=generator)
        value = self.divergence(q, p, generator=generator)
        terms = {"divergence": self.config.divergence_weight * value}
        if self.config.alpha < 1:
            terms["kl"] = (1 - self.config.alpha) * self.kl(coded)
        return terms
