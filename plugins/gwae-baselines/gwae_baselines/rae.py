"""The regularised autoencoder, and with all weights zero the plain one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from pydantic import NonNegativeFloat
from torch import Tensor

from gwae_baselines.jacobian import pushed
from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import Objective, Parameters, UpdateGroup
from gwae_core.ramps import Weight


class RAE(PenalizedAutoencoder):
    """Regularised autoencoder: small codes and a smooth decoder instead of noise.

    L = loss(g(z), x) + beta 1/2 |z|^2 + lambda R (Ghosh et al., 2020), codes (n, d), where R is
    1/2 |theta|^2 of the decoder's parameters (``l2``) or the squared Frobenius norm of its Jacobian
    |dg/dz|^2 (``gradient``), estimated by |dg/dz u|^2 with u ~ N(0, I) (Hutchinson, 1990). With
    both weights 0 it is the plain autoencoder (Rumelhart et al., 1986). The prior takes no part:
    generate through a sampler fitted on codes.
    """

    class Config(Objective.Config):
        """The weights, and what makes the decoder smooth."""

        type: Literal["rae"] = "rae"
        codes: Weight = 0.01
        """Weight beta of the squared codes."""
        decoder: NonNegativeFloat = 1e-3
        """Weight lambda of the decoder's regulariser."""
        regularizer: Literal["l2", "gradient"] = "gradient"
        """Squared parameters of the decoder, or its squared Jacobian."""

    config: Config

    def groups(self) -> Sequence[UpdateGroup]:
        """``main``: encoder, decoder and reconstruction."""
        parts = (self.encoder, self.decoder, self.reconstruction)
        return [UpdateGroup("main", [Parameters([p for m in parts for p in m.parameters()])])]

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``codes`` and ``decoder``."""
        half_square = 0.5 * coded.z.square().sum(1).mean()
        terms = {"codes": self.weight(self.config.codes) * half_square}
        if self.config.decoder > 0:
            terms["decoder"] = self.config.decoder * self._regularizer(coded.z, generator)
        return terms

    def _regularizer(self, z: Tensor, generator: torch.Generator) -> Tensor:
        if self.config.regularizer == "l2":
            squares = [p.square().sum() for p in self.decoder.parameters()]
            return 0.5 * torch.stack(squares).sum()
        u = torch.randn(z.shape, generator=generator, device=z.device, dtype=z.dtype)
        moved = pushed(self.decode_params, z, u)  # dg/dz u, (n, *output_shape)
        return moved.flatten(1).square().sum(1).mean()
