"""What objectives over an encoder, a decoder and a prior share."""

from __future__ import annotations

from abc import ABC

import torch
from torch import Tensor, nn

from gwae_core.context import Batch, BuildContext, require
from gwae_core.errors import ComponentError
from gwae_core.interfaces import (
    DensityPrior,
    Objective,
    Posterior,
    Prior,
    Reconstruction,
    WeightedSamples,
)
from gwae_core.posteriors import as_posterior, widened
from gwae_core.sharding import sharded

CHUNK = 1024
"""Data points that are encoded at once."""
ACTIVE_VARIANCE = 0.01
"""A latent coordinate is active where the variance of its posterior means is above this share of
the variance of z~ (after Burda et al., 2016, whose codes have variance 1)."""


class Autoencoder(Objective, ABC):
    """An objective whose parts are an encoder, a decoder, a prior and a reconstruction.

    The parts come from ``context.parts``; encoder and decoder may be any torch module.
    """

    config: Objective.Config
    total_variance: Tensor

    def __init__(self, config: Objective.Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        self.latent_dim = context.latent_dim
        self.encoder = context.part("encoder", nn.Module)
        self.decoder = context.part("decoder", nn.Module)
        self.prior = context.part("prior", Prior)  # type: ignore[type-abstract]
        self.reconstruction = context.part(
            "reconstruction",
            Reconstruction,  # type: ignore[type-abstract]
        )
        total = torch.tensor(context.statistics.total_variance)
        self.register_buffer("total_variance", total)

    def density_prior(self) -> DensityPrior:
        """The prior, for an objective that needs its density.

        Raises:
            ComponentError: It has none.
        """
        if isinstance(self.prior, DensityPrior):
            return self.prior
        raise ComponentError(
            f"{self.name()} needs a prior with a density; {self.prior.name()!r} has none",
            hint="take prior normal, uniform or gaussian-mixture, or the objective gwae",
        )

    def encode(self, x: Tensor) -> Posterior:
        """Posterior over codes of data (n, *data_shape)."""
        return as_posterior(widened(sharded(self.encoder, x)))

    def decode_params(self, z: Tensor) -> Tensor:
        """Decoder's output (n, *output_shape) for codes (n, d)."""
        params: Tensor = widened(sharded(self.decoder, z))
        return params

    def decode(self, z: Tensor) -> Tensor:
        """Expected data (n, *data_shape) of codes (n, d)."""
        return self.reconstruction.mean(self.decode_params(z))

    def sample_latent(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw codes (n, d) from the prior, weighted samples resampled by their weights."""
        drawn = self.prior.sample(n, generator=generator)
        if isinstance(drawn, WeightedSamples):
            rows = torch.multinomial(drawn.weights, n, replacement=True, generator=generator)
            return drawn.z[rows]
        return drawn

    def encode_once(self, batch: Batch) -> Posterior:
        """Posterior of a batch for updates that do not change the encoder, kept with the batch.

        Every such update of one step that sees the batch again gets the same, without a graph.
        """
        if "posterior" not in batch.memo:
            with torch.no_grad():
                batch.memo["posterior"] = self.encode(batch.x)
        posterior: Posterior = batch.memo["posterior"]
        return posterior

    @torch.no_grad()
    def encode_all(self, x: Tensor) -> Tensor:
        """Posterior means (n, d) of data (n, *data_shape), in chunks and in evaluation mode."""
        was_training = self.training
        self.eval()
        device = self.total_variance.device
        means = [self.encode(part.to(device)).mean for part in torch.split(x, CHUNK)]
        self.train(was_training)
        return torch.cat(means)

    @torch.no_grad()
    def observe(
        self, posterior: Posterior, z_tilde: Tensor, x_hat: Tensor, x: Tensor
    ) -> dict[str, Tensor]:
        """Values that tell whether a model is healthy.

        ``posterior_scale``: root mean square of z~; ``active_units``: coordinates whose means vary;
        ``explained_variance``: 1 - |x - x^|^2 / tr Cov(x); ``log_variance``: its mean.
        """
        variances = posterior.mean.var(0, unbiased=False)
        noise: Tensor | float = 0.0
        if posterior.log_variance is not None:
            noise = posterior.log_variance.exp().mean(0)
        active = (variances > ACTIVE_VARIANCE * (variances + noise)) & (variances > 1e-12)
        error = (x_hat - x).flatten(1).square().sum(1).mean()
        observed = {
            "posterior_scale": z_tilde.square().mean().sqrt(),
            "active_units": active.sum(),
            "explained_variance": 1 - error / self.total_variance,
        }
        if posterior.log_variance is not None:
            observed["log_variance"] = posterior.log_variance.mean()
        return observed


def full_precision(like: Tensor) -> torch.autocast:
    """A block without mixed precision on a tensor's device: for what 16 bits are too few for.

    Encoders and decoders do with them; distances, couplings, densities and the gradient of a critic
    do not.
    """
    return torch.autocast(like.device.type, enabled=False)


@torch.no_grad()
def prior_moments(z: Tensor, mass: Tensor) -> dict[str, Tensor]:
    """Mean and standard deviation of a weighted prior sample (n, d), averaged over coordinates."""
    mean = mass @ z
    variance = mass @ (z - mean).square()
    return {"prior_mean": mean.mean(), "prior_std": variance.sqrt().mean()}
