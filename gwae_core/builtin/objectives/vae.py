"""The variational autoencoder: the first baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch

from gwae_core.autoencoder import Autoencoder, full_precision
from gwae_core.context import Batch, BuildContext
from gwae_core.interfaces import Losses, Objective, Parameters, UpdateGroup
from gwae_core.ramps import Weight, weight_at


class VAE(Autoencoder):
    """Variational autoencoder: reconstruction and the divergence of each posterior from the prior.

    L = E_q[-log p(x | z)] + beta KL(q(z | x) | pi(z)) (Kingma & Welling, 2014), beta = 1 being the
    evidence lower bound (Higgins et al., 2017, for others). The divergence is in closed form for
    the standard normal prior and from one sample a point for any other with a density.
    """

    class Config(Objective.Config):
        """Parameters of the objective."""

        type: Literal["vae"] = "vae"
        beta: Weight = 1.0
        """Weight of the divergence: a number, or a ramp over the run."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        self.reconstruction.use_critic(None)

    def groups(self) -> Sequence[UpdateGroup]:
        """One group of all parameters."""
        return [UpdateGroup("main", [Parameters(list(self.parameters()))])]

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        """Reconstruction and divergence."""
        posterior = self.encode(batch.x)
        z = posterior.rsample(generator)
        params = self.decode_params(z)
        beta = weight_at(self.config.beta, self.progress if self.training else 1.0)
        with full_precision(batch.x):
            terms = {
                "reconstruction": self.reconstruction.loss(params, batch.x).mean(),
                "divergence": beta * self.density_prior().kl(posterior, z).mean(),
            }
            observed = self.observe(posterior, z, self.reconstruction.mean(params), batch.x)
            return Losses(terms, observed)
