"""The Wasserstein autoencoder, with any divergence."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, Divergence, Objective
from gwae_core.errors import ComponentError
from gwae_core.ramps import Weight
from gwae_core.registered import Registered, default_config


class WAE(PenalizedAutoencoder):
    """Wasserstein autoencoder: reconstruction and a divergence of aggregated posterior and prior.

    L = E_q loss(g(z~), x) + lambda D(q(z), pi(z)) (Tolstikhin et al., 2018). The divergence makes
    the variant: ``mmd`` WAE-MMD, ``discriminator`` WAE-GAN, whose penalty is that of the
    adversarial autoencoder (Makhzani et al., 2016), ``sliced-wasserstein`` the sliced Wasserstein
    autoencoder (Kolouri et al., 2019), ``sinkhorn`` the Sinkhorn autoencoder (Patrini et al.,
    2020). With ``encoder.posterior: deterministic`` the encoder is a map, as in these papers.
    """

    class Config(Objective.Config):
        """The divergence and its weight."""

        type: Literal["wae"] = "wae"
        divergence: Annotated[Divergence.Config, Registered(Divergence, "mmd")] = Field(
            default_factory=default_config("divergence", "mmd")
        )
        """Divergence of codes (n, d) from as many samples of the prior."""
        weight: Weight = 10.0
        """Weight lambda of the divergence: a number, or a ramp over the run."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.divergence: Divergence = config.divergence.build(context)
        require_codes(self.divergence, self)

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``divergence``."""
        q, p = self.compared(coded.x, coded.z, generator=generator)
        value = self.divergence(q, p, generator=generator)
        return {"divergence": self.weight(self.config.weight) * value}


def require_codes(divergence: Divergence, objective: Objective) -> None:
    """Refuse a divergence that compares data beside codes.

    Raises:
        ComponentError: It does.
    """
    if divergence.joint:
        raise ComponentError(
            f"{objective.name()} compares codes alone; the divergence {divergence.name()!r} "
            "compares pairs of data and codes",
            hint="take divergence mmd, sinkhorn, sliced-wasserstein or discriminator, or the "
            "objective gwae",
        )
