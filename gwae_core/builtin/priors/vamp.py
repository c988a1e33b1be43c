"""The VampPrior: a mixture of posteriors at trainable pseudo-inputs."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from gwae_core.context import BuildContext, require
from gwae_core.errors import ComponentError
from gwae_core.interfaces import MixturePrior
from gwae_core.posteriors import GaussianPosterior, as_posterior

CHUNK = 256
"""Codes whose differences from all components are held at a time."""


class Vamp(MixturePrior):
    """Mixture of the encoder's posteriors at K trainable pseudo-inputs.

    pi(z) = 1/K sum_k q(z | u_k), with u_k in data space (Tomczak and Welling, 2018). The encoder is
    the model's own, so the prior follows it while it learns, and its gradient reaches the encoder
    too. The pseudo-inputs begin at training points and learn in the unit of the data's spread; they
    are not confined to the range of the data. Samples (n, d) are spread evenly over components.
    """

    class Config(MixturePrior.Config):
        """Number of pseudo-inputs and their start."""

        type: Literal["vamp"] = "vamp"
        num_components: PositiveInt = 50
        """Number of pseudo-inputs K."""
        initial_noise: NonNegativeFloat = 0.01
        """Standard deviation of the noise on the first pseudo-inputs, in units of the data's
        spread; it keeps those that begin at one training point apart."""

    config: Config
    mean: Tensor
    scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        self.num_components = config.num_components
        self.encoder = context.part("encoder", nn.Module)
        dtype = torch.get_default_dtype()
        self.register_buffer("mean", context.statistics.mean.detach().clone().to(dtype))
        self.register_buffer("scale", torch.tensor(context.statistics.scale, dtype=dtype))
        start = self.mean.expand(config.num_components, *context.data_shape)
        if context.train_data is not None:
            rows = torch.randint(len(context.train_data), (config.num_components,))
            start = context.train_data[rows].to(dtype)
        noise = config.initial_noise * torch.randn(start.shape)
        self.standardized = nn.Parameter((start - self.mean) / self.scale + noise)
        self._require_gaussian()

    @property
    def pseudo_inputs(self) -> Tensor:
        """u, (K, *data_shape), in the units of the data."""
        return self.mean + self.scale * self.standardized

    def components(self) -> GaussianPosterior:
        """Posteriors q(z | u_k), means and log variances (K, d)."""
        posterior = as_posterior(self.encoder(self.pseudo_inputs))
        assert isinstance(posterior, GaussianPosterior)  # checked when built
        return posterior

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw z_i ~ q(z | u_k) with components k systematic, each n/K times up to one: (n, d)."""
        components = self.components()
        device = components.mean.device
        u = torch.rand((), generator=generator, device=device)
        places = (u + torch.arange(n, device=device)) / n
        k = (places * self.num_components).long().clamp(max=self.num_components - 1)
        k = k[torch.randperm(n, generator=generator, device=device)]
        drawn = GaussianPosterior(components.mean[k], components.log_variance[k])
        return drawn.rsample(generator)

    def sample_component(
        self, component: int, n: int, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw n samples of q(z | u_k): (n, d).

        Raises:
            ComponentError: There is no such component.
        """
        self.check_number(component)
        components = self.components()
        rows = torch.full((n,), component, device=components.mean.device)
        drawn = GaussianPosterior(components.mean[rows], components.log_variance[rows])
        return drawn.rsample(generator)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log density in nats of codes (n, d): (n,)."""
        return self._log_densities(z).logsumexp(1) - math.log(self.num_components)

    def responsibilities(self, z: Tensor) -> Tensor:
        """p(k | z) of codes (n, d): (n, K), rows sum to 1."""
        return self._log_densities(z).softmax(1)

    def _log_densities(self, z: Tensor) -> Tensor:
        """Logarithms of q(z_i | u_k) at codes (n, d): (n, K)."""
        components = self.components()
        mean, log_variance = components.mean, components.log_variance
        constant = (log_variance + math.log(2 * math.pi)).sum(1)  # (K,)
        squares = [
            ((part[:, None] - mean).square() / log_variance.exp()).sum(2)  # (rows, K)
            for part in torch.split(z, CHUNK)
        ]
        return -0.5 * (torch.cat(squares) + constant)

    @torch.no_grad()
    def _require_gaussian(self) -> None:
        modes = {module: module.training for module in self.encoder.modules()}
        self.encoder.eval()
        posterior = as_posterior(self.encoder(self.pseudo_inputs[:1]))
        for module, training in modes.items():
            module.training = training
        if not isinstance(posterior, GaussianPosterior):
            raise ComponentError(
                "the prior 'vamp' is a mixture of Gaussian posteriors; this encoder's are "
                f"{type(posterior).__name__}",
                hint="set encoder.posterior to gaussian, or take the prior gaussian-mixture",
            )
