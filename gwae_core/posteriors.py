"""Posteriors q(z|x) that encoders return."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gwae_core.errors import ComponentError
from gwae_core.interfaces.encoder import Posterior
from gwae_core.nested import mapped


@dataclass(frozen=True)
class DeterministicPosterior(Posterior):
    """All mass on one code.

    Attributes:
        mean: Codes, (n, d).
    """

    mean: Tensor

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """Return the codes themselves, (n, d)."""
        return self.mean


@dataclass(frozen=True)
class GaussianPosterior(Posterior):
    """Diagonal Gaussian N(mean, exp(log_variance)).

    Attributes:
        mean: (n, d).
        log_variance: (n, d), natural logarithm.
    """

    mean: Tensor
    log_variance: Tensor

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw z~ = mean + sigma * eps with eps ~ N(0, I), differentiable in both; (n, d)."""
        eps = torch.randn(
            self.mean.shape,
            generator=generator,
            device=self.mean.device,
            dtype=self.mean.dtype,
        )
        return self.mean + torch.exp(0.5 * self.log_variance) * eps

    def entropy(self) -> Tensor:
        """Differential entropy of each posterior, (n,), in nats."""
        return 0.5 * (self.log_variance + math.log(2 * math.pi * math.e)).sum(-1)


def as_posterior(output: object) -> Posterior:
    """Read what an encoder returned: a posterior, codes (n, d), or a pair (mean, log variance).

    Plain torch modules of the user's own thus serve as encoders.

    Raises:
        ComponentError: The output is none of these.
    """
    match output:
        case Posterior():
            return output
        case Tensor():
            return DeterministicPosterior(output)
        case (Tensor() as mean, Tensor() as log_variance):
            return GaussianPosterior(mean, log_variance)
    raise ComponentError(
        f"the encoder returned {type(output).__name__}; expected a Posterior, a tensor of codes "
        "(n, d), or a pair of tensors (mean, log_variance)"
    )


def widened(output: Any) -> Any:
    """What a network returned under mixed precision, in 32 bits: a tensor, tuple or posterior."""
    return mapped(output, _wide)


def _wide(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


@dataclass(frozen=True)
class StandardizedPosterior(Posterior):
    """The posterior of (z - shift) / scale, for any posterior of z.

    Attributes:
        base: Posterior of z.
        shift: (d,).
        scale: (d,), positive.
    """

    base: Posterior
    shift: Tensor
    scale: Tensor

    @property
    def mean(self) -> Tensor:  # type: ignore[override]
        """Standardised codes, (n, d)."""
        return (self.base.mean - self.shift) / self.scale

    @property
    def log_variance(self) -> Tensor | None:  # type: ignore[override]
        """Log variance of the standardised codes, (n, d), where the base has one."""
        if self.base.log_variance is None:
            return None
        return self.base.log_variance - 2 * self.scale.log()

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw a sample of the base and standardise it, (n, d)."""
        return (self.base.rsample(generator) - self.shift) / self.scale

    def entropy(self) -> Tensor | None:
        """Entropy of the base less the logarithm of the scales, (n,), in nats."""
        entropy = self.base.entropy()
        return None if entropy is None else entropy - self.scale.log().sum()
