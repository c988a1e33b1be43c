"""The Gaussian mixture prior: clusters."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn

from gwae_core.builtin.priors.stratification import stratify
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError
from gwae_core.interfaces import FittablePrior, MixturePrior, WeightedSamples
from gwae_core.mixture_fit import fit_mixture

CHUNK = 1024
"""Rows whose Cholesky factors are gathered at a time: memory CHUNK d^2 in place of n d^2."""


@dataclass(frozen=True, eq=False)
class Components:
    """A mixture sum_k w_k N(mu_k, L_k L_k^T).

    Attributes:
        weights: w, positive with sum 1, (K,).
        means: mu, (K, d).
        cholesky: L, lower triangular with a positive diagonal, (K, d, d).
    """

    weights: Tensor
    means: Tensor
    cholesky: Tensor

    @property
    def covariances(self) -> Tensor:
        """L_k L_k^T, (K, d, d)."""
        product: Tensor = self.cholesky @ self.cholesky.mT
        return product

    def standardized(self) -> Components:
        """The mixture of (z - m) / s, with m its mean and s^2 its variance, averaged over d.

        m = sum_k w_k mu_k and s^2 = mean_d sum_k w_k [(L_k L_k^T)_dd + (mu_kd - m_d)^2]. One scale
        for all coordinates keeps the shape of the mixture.
        """
        w = self.weights[:, None]  # (K, 1)
        centred = self.means - (w * self.means).sum(0)  # (K, d)
        variances = (w * (self.cholesky.square().sum(2) + centred.square())).sum(0)  # (d,)
        scale = variances.mean().sqrt()
        return Components(self.weights, centred / scale, self.cholesky / scale)

    def log_densities(self, z: Tensor) -> Tensor:
        """Logarithms of w_k N(z_i; mu_k, L_k L_k^T) at codes (n, d): (n, K)."""
        offset = (z - self.means[:, None]).mT  # (K, d, n)
        white = torch.linalg.solve_triangular(self.cholesky, offset, upper=False)
        log_det = self.cholesky.diagonal(dim1=1, dim2=2).log().sum(1)  # (K,)
        constant = self.weights.log() - log_det - 0.5 * z.shape[1] * math.log(2 * math.pi)
        square: Tensor = white.square().sum(1).T  # (n, K)
        return constant - 0.5 * square


class GaussianMixture(MixturePrior, FittablePrior):
    """Mixture of K Gaussians with trainable weights, means and full covariances.

    pi(z) = sum_k w_k N(z; mu_k, L_k L_k^T), with w a softmax of logits and L_k lower triangular
    with a positive diagonal. Samples (n, d) are stratified over the components, and their weights
    (n,) carry a gradient that lets w learn from samples alone, without a likelihood. The published
    sampler makes every component axis-aligned and gives w no gradient (Nakagawa et al., 2023).

    With ``standardize`` the mixture is that of (z - m) / s, where m is the mixture's mean and s^2
    its variance averaged over coordinates, in closed form: it has mean 0 and mean variance 1
    whatever the parameters. Codes that it is fitted on should then be standardised in the same way.
    """

    class Config(MixturePrior.Config):
        """Parameters of the mixture, of its start, and of its fit on codes."""

        type: Literal["gaussian-mixture"] = "gaussian-mixture"
        num_components: PositiveInt = 10
        """Number of components K."""
        standardize: bool = True
        """Whether the mixture as a whole has mean 0 and variance 1, averaged over coordinates."""
        initial_spread: NonNegativeFloat = 1.0
        """Standard deviation of the means at the start, before standardisation."""
        initial_scale: PositiveFloat = 0.5
        """Standard deviation of each component at the start, before standardisation."""
        fit_starts: PositiveInt = 20
        """Starts of the fit on codes; the most likely result is kept."""
        fit_regularization: PositiveFloat = 5e-2
        """Added to the covariances' diagonal in a fit; in units of each coordinate's variance."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        k, d = config.num_components, self.latent_dim
        self.num_components = k
        rows, columns = torch.tril_indices(d, d)
        self.register_buffer("rows", rows, persistent=False)
        self.register_buffer("columns", columns, persistent=False)
        self.logits = nn.Parameter(torch.zeros(k))
        self.locations = nn.Parameter(config.initial_spread * torch.randn(k, d))
        # Row-wise lower triangles, with the logarithm of the diagonal: no entry is without effect.
        factors = torch.zeros(k, len(rows))
        factors[:, rows == columns] = math.log(config.initial_scale)
        self.factors = nn.Parameter(factors)

    rows: Tensor
    columns: Tensor

    def components(self) -> Components:
        """The mixture, differentiable in the parameters."""
        entries = torch.where(self.rows == self.columns, self.factors.exp(), self.factors)
        size = (self.num_components, self.latent_dim, self.latent_dim)
        cholesky = entries.new_zeros(size)
        cholesky[:, self.rows, self.columns] = entries
        raw = Components(self.logits.softmax(0), self.locations, cholesky)
        return raw.standardized() if self.config.standardize else raw

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> WeightedSamples:
        """Draw z_i = mu_k + L_k eps of stratified components k: (n, d), with weights (n,).

        sum_i w_i h(z_i) is an unbiased estimate of E[h(z)] for every n >= 1, and its gradient one
        of the gradient with respect to weights, means and covariances.
        """
        mixture = self.components()
        component, weights = stratify(mixture.weights, n, generator=generator)
        eps = self.noise(n, generator=generator)
        z = [
            mixture.means[k] + (mixture.cholesky[k] @ e[:, :, None])[:, :, 0]
            for k, e in zip(torch.split(component, CHUNK), torch.split(eps, CHUNK), strict=True)
        ]
        return WeightedSamples(torch.cat(z), weights)

    def sample_component(
        self, component: int, n: int, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw n samples of N(mu_k, L_k L_k^T): (n, d).

        Raises:
            ComponentError: There is no such component.
        """
        self.check_number(component)
        mixture = self.components()
        eps = self.noise(n, generator=generator)
        return mixture.means[component] + eps @ mixture.cholesky[component].T

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density in nats of codes (n, d): (n,)."""
        return self.components().log_densities(z).logsumexp(1)

    def responsibilities(self, z: Tensor) -> Tensor:
        """p(k|z) of codes (n, d): (n, K), rows sum to 1."""
        return self.components().log_densities(z).softmax(1)

    @torch.no_grad()
    def fit(self, z: Tensor, *, seed: int) -> None:
        """Set the parameters to a maximum-likelihood fit with full covariances on codes (n, d).

        Raises:
            ComponentError: There are fewer codes than components.
        """
        from sklearn.exceptions import ConvergenceWarning

        if len(z) < self.num_components:
            raise ComponentError(
                f"{len(z)} codes cannot be fitted by {self.num_components} components",
                hint="give more codes, or set num_components lower",
            )
        codes = z.detach().cpu().double().numpy()
        mean, scale = codes.mean(0), codes.std(0)
        scale[scale == 0] = 1.0
        with warnings.catch_warnings():
            # training goes on from the fit, so one that would still improve is a start as good
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit = fit_mixture(
                (codes - mean) / scale,
                self.num_components,
                regularization=self.config.fit_regularization,
                starts=self.config.fit_starts,
                seed=seed,
            )
        cholesky = scale[:, None] * np.linalg.cholesky(fit.covariances_)  # (K, d, d)
        rows, columns = self.rows.cpu().numpy(), self.columns.cpu().numpy()
        entries = cholesky[:, rows, columns]  # (K, d (d + 1) / 2)
        diagonal = rows == columns
        entries[:, diagonal] = np.log(entries[:, diagonal])
        tiny = np.finfo(np.float32).tiny
        self.logits.copy_(torch.from_numpy(np.log(fit.weights_.clip(tiny))))
        self.locations.copy_(torch.from_numpy(mean + scale * fit.means_))
        self.factors.copy_(torch.from_numpy(entries))
