"""A Gaussian mixture estimated from features and their memberships."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Mixture:
    """sum_k w_k N(mu_k, S_k) over (n, D): weights (K,), means (K, D), covariances (K, D, D)."""

    weights: Tensor
    means: Tensor
    covariances: Tensor

    def energy(self, u: Tensor) -> Tensor:
        """-log density in nats of features (n, D): (n,)."""
        factor = torch.linalg.cholesky(self.covariances)  # (K, D, D)
        offset = (u - self.means[:, None]).mT  # (K, D, n)
        white = torch.linalg.solve_triangular(factor, offset, upper=False)
        log_det = factor.diagonal(dim1=1, dim2=2).log().sum(1)  # (K,)
        constant = self.weights.log() - log_det - 0.5 * u.shape[1] * math.log(2 * math.pi)
        energy: Tensor = -(constant - 0.5 * white.square().sum(1).T).logsumexp(1)
        return energy


def estimate(u: Tensor, gamma: Tensor, *, regularization: float) -> Mixture:
    """The mixture of features (n, D) with memberships (n, K): weighted moments, and r I."""
    mass = gamma.sum(0).clamp_min(torch.finfo(u.dtype).eps)  # (K,)
    means = gamma.T @ u / mass[:, None]
    offset = u - means[:, None]  # (K, n, D)
    covariances = (gamma.T[:, :, None] * offset).mT @ offset / mass[:, None, None]
    ridge = regularization * torch.eye(u.shape[1], device=u.device, dtype=u.dtype)
    return Mixture(mass / len(u), means, covariances + ridge)
