"""The isometrically regularised autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import NonNegativeFloat
from torch import Tensor

from gwae_baselines.jacobian import pushed
from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, Objective
from gwae_core.ramps import Weight


class IsometricAE(PenalizedAutoencoder):
    """Variational autoencoder whose decoder is a scaled isometry, as far as the data allow.

    L = E_q[-log p(x | z)] + beta KL(q(z | x) | pi(z)) + lambda F(g), with the relaxed distortion
    F(g) = E tr(H^2) / (E tr H)^2 of the pulled-back metric H = J^T J, J the decoder's Jacobian (Lee
    et al., 2022). F >= 1/d, with equality where H = c I everywhere that codes are; c is free. Both
    traces are estimated from one normal probe v a point, as |J^T J v|^2 and |J v|^2, at codes
    a z_i + (1 - a) z_j with a ~ U(-eta, 1 + eta). ``beta: 0`` with a deterministic encoder is the
    regularised plain autoencoder.
    """

    class Config(Objective.Config):
        """Weights of the terms, and where the distortion is measured."""

        type: Literal["isometric-ae"] = "isometric-ae"
        weight: Weight = 10.0
        """Weight lambda of the relaxed distortion: a number, or a ramp over the run."""
        beta: Weight = 1.0
        """Weight of the divergence; 0 leaves it out."""
        eta: NonNegativeFloat = 0.2
        """How far the codes between two others reach beyond them."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        if config.beta != 0:
            self.density_prior()

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``distortion``, and ``divergence`` where it has a weight."""
        z, n, eta = coded.z, len(coded.z), self.config.eta
        # a ~ U(-eta, 1 + eta), z' = a z_i + (1 - a) z_j
        a = torch.rand((n, 1), generator=generator, device=z.device, dtype=z.dtype)
        a = (1 + 2 * eta) * a - eta
        partner = z[torch.randperm(n, generator=generator, device=z.device)]
        between = a * z + (1 - a) * partner  # (n, d)
        probes = torch.randn(z.shape, generator=generator, device=z.device, dtype=z.dtype)
        distortion = relaxed_distortion(self.decode, between, probes)
        terms = {"distortion": self.weight(self.config.weight) * distortion}
        if self.config.beta != 0:
            terms["divergence"] = self.weight(self.config.beta) * self.kl(coded)
        return terms


def relaxed_distortion(decode: Callable[[Tensor], Tensor], z: Tensor, probes: Tensor) -> Tensor:
    """F = mean |J^T J v|^2 / (mean |J v|^2)^2 at codes z with probes v, (n, d) each: 0-d."""
    along = pushed(decode, z, probes)  # J v, (n, *data_shape)
    _, pull, *_ = torch.func.vjp(decode, z)
    (pulled,) = pull(along)  # J^T J v, (n, d)
    trace = along.flatten(1).square().sum(1).mean()
    # A decoder that is constant, as after a collapse, distorts nothing.
    smallest = torch.finfo(trace.dtype).tiny ** 0.5
    distortion: Tensor = pulled.square().sum(1).mean() / trace.clamp_min(smallest).square()
    return distortion
