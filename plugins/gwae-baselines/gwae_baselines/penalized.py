"""What most baselines are: a reconstruction, and penalties on the codes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from gwae_baselines.adversarial import AdversarialAutoencoder
from gwae_core import Batch, Losses, Posterior
from gwae_core.autoencoder import full_precision


@dataclass(frozen=True)
class Coded:
    """Data (n, *data_shape), their posteriors, one code z (n, d) of each, and x^ = E[x | z]."""

    x: Tensor
    posterior: Posterior
    z: Tensor
    x_hat: Tensor


class PenalizedAutoencoder(AdversarialAutoencoder, ABC):
    """Reconstruction plus penalties, which subclasses state.

    L = E_q loss(g(z~), x) + the sum of `penalties`.
    """

    @property
    def adversarial_terms(self) -> frozenset[str]:
        """The term ``divergence``, where there is a critic that decides it."""
        return frozenset({"divergence"} if self.adversary is not None else ())

    @abstractmethod
    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """Weighted penalties of data and their codes: 0-d tensors by name."""

    def kl(self, coded: Coded) -> Tensor:
        """E_x KL(q(z | x) | pi(z)) in nats, a 0-d tensor."""
        return self.density_prior().kl(coded.posterior, coded.z).mean()

    def code(self, posterior: Posterior, *, generator: torch.Generator) -> Tensor:
        """The code (n, d) of each posterior that is decoded: a sample of it."""
        return posterior.rsample(generator)

    def reconstruction_loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Mean loss of the decoder's output (n, *output_shape) for data x: a 0-d tensor."""
        return self.reconstruction.loss(params, x).mean()

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        """Reconstruction and penalties for ``main``; the critic's terms for ``critic``."""
        if group == "critic":
            return self.critic_losses(batch, generator=generator)
        posterior = self.encode(batch.x)
        z = self.code(posterior, generator=generator)
        params = self.decode_params(z)
        with full_precision(batch.x):
            x_hat = self.reconstruction.mean(params)
            observed = self.observe(posterior, z, x_hat, batch.x)
            coded = Coded(batch.x, posterior, z, x_hat)
            terms = {
                "reconstruction": self.reconstruction_loss(params, batch.x),
                **self.penalties(coded, generator=generator),
            }
            return Losses(terms, observed)
