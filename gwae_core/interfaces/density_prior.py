"""The prior whose density is known."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from gwae_core.errors import ComponentError
from gwae_core.interfaces.encoder import Posterior
from gwae_core.interfaces.prior import Prior


class DensityPrior(Prior):
    """A prior whose density is known."""

    @abstractmethod
    def log_prob(self, z: Tensor) -> Tensor:
        """Natural logarithm of the density at codes (n, d): (n,)."""

    def kl(self, posterior: Posterior, z: Tensor) -> Tensor:
        """KL(q(z | x) | pi(z)) of each posterior in nats, (n,): from one sample z (n, d) of each.

        A prior that knows the divergence of a posterior in closed form returns that.

        Raises:
            ComponentError: The posterior has no entropy.
        """
        entropy = posterior.entropy()
        if entropy is None:
            raise ComponentError(
                "the divergence of each posterior from the prior needs the posterior's entropy; "
                "the encoder's has none",
                hint="set encoder.posterior to gaussian",
            )
        return -entropy - self.log_prob(z)
