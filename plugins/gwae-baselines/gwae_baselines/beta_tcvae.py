"""The beta-TCVAE."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, GaussianPosterior, Objective, Posterior
from gwae_core.context import require
from gwae_core.errors import ComponentError
from gwae_core.ramps import Weight


class BetaTCVAE(PenalizedAutoencoder):
    """VAE whose divergence is taken apart, and its total correlation weighted (beta-TCVAE).

    L = E_q loss(g(z~), x) + alpha I(x; z) + beta KL(q(z) | prod_d q(z_d)) + gamma D, where
    I = E log q(z | x) / q(z) and D = E [sum_d log q(z_d) - log pi(z)], which for a prior of
    independent coordinates is sum_d KL(q(z_d) | pi(z_d)); with all weights 1 the sum is the VAE's
    divergence (Chen et al., 2018). The density of the aggregated posterior is estimated from the
    other points of a batch (n, d), in O(n^2 d).
    """

    class Config(Objective.Config):
        """Weights of the three parts, and the estimator of log q(z)."""

        type: Literal["beta-tcvae"] = "beta-tcvae"
        mutual_information: Weight = 1.0
        """Weight alpha of the mutual information of data and codes."""
        total_correlation: Weight = 6.0
        """Weight beta of the total correlation of codes."""
        dimensionwise: Weight = 1.0
        """Weight gamma of the divergence of the coordinates from the prior."""
        estimator: Literal["stratified", "weighted"] = "stratified"
        """``stratified``: q(z) without bias, own posterior with its share 1/N; ``weighted``: all of
        the batch alike, over N, a lower bound."""

    config: Config
    data_size: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        self.register_buffer("data_size", torch.tensor(require(context, self).train_size))

    def start_stage(self, stage: str, x: Tensor, *, generator: torch.Generator) -> None:
        """Count the training data (N, *data_shape); of data on disk, x is a sample."""
        self.data_size.clamp_(min=len(x))

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``mutual_information``, ``total_correlation``, ``dimensionwise``."""
        log_conditional, log_joint, log_marginals = self.log_densities(coded.posterior, coded.z)
        log_product = log_marginals.sum(1)
        values = {
            "mutual_information": log_conditional - log_joint,
            "total_correlation": log_joint - log_product,
            "dimensionwise": log_product - self.density_prior().log_prob(coded.z),
        }
        return {k: self.weight(getattr(self.config, k)) * v.mean() for k, v in values.items()}

    def log_densities(self, posterior: Posterior, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log q(z_i | x_i), (n,), log q(z_i), (n,), and log q(z_id), (n, d), of a batch.

        Raises:
            ComponentError: The posteriors are not Gaussian.
        """
        if not isinstance(posterior, GaussianPosterior):
            raise ComponentError(
                f"beta-tcvae needs Gaussian posteriors; got {type(posterior).__name__}",
                hint="set encoder.posterior to gaussian",
            )
        mean, log_variance = posterior.mean, posterior.log_variance
        square = (z[:, None] - mean).square() / log_variance.exp()  # (n, n, d)
        pairs = -0.5 * (square + log_variance + math.log(2 * math.pi))  # log q(z_id | x_j)
        log_w = self._log_weights(z)
        log_joint = (pairs.sum(2) + log_w).logsumexp(1)
        log_marginals = (pairs + log_w[:, :, None]).logsumexp(1)
        return pairs.sum(2).diagonal(), log_joint, log_marginals

    def _log_weights(self, z: Tensor) -> Tensor:
        """Log w (n, n), such that q(z_i) is estimated by sum_j w_ij q(z_i | x_j)."""
        n = len(z)
        total = max(int(self.data_size), n)
        if self.config.estimator == "weighted":
            return z.new_full((n, n), -math.log(n * total))
        if n == 1:
            return z.new_zeros(1, 1)
        # x_i is one of N points; each of the others stands for (N - 1) / (n - 1)
        log_w = z.new_full((n, n), math.log((total - 1) / (n - 1) / total))
        return log_w.fill_diagonal_(-math.log(total))
