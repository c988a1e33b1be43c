"""The unregularised problem, to a local optimum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor

from gwae_core.interfaces import Estimator, Resumable
from gwae_core.interfaces.resumable import Carried
from gwae_core.solvers import exact_gw
from gwae_core.spaces import GWResult, MMSpace, SparsePlan


class Exact(Estimator, Resumable):
    """Local optimum of the unregularised problem, by annealing and exact linear steps.

    min_T sum |c_x - c_z|^2 T T (Mémoli, 2011), with effort from the number of points. Any weights
    and sizes. In training, a problem starts from the cross-covariance of the batch before it.
    """

    class Config(Estimator.Config):
        """Parameters of the solver."""

        type: Literal["exact"] = "exact"
        num_starts: PositiveInt = 1
        """Annealed starts; the best result is kept."""
        warm_start: bool = True
        """Whether a batch in training starts from the cross-covariance of the one before."""

    config: Config
    gamma: Tensor | None = None

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """Solve; the plan is a permutation for equal sizes and uniform weights."""
        return self.solve(x, z, rho=rho, generator=generator)

    def solve(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        starts: Sequence[Tensor | SparsePlan] = (),
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """Solve, also from couplings (n, m) of one's own.

        Raises:
            SpaceError: A start has the wrong shape, rho is not 2, or a space holds NaN or inf.
        """
        self.require_exponent(rho)
        warm = self.training and self.config.warm_start and torch.is_grad_enabled()
        try:
            result = exact_gw(
                x,
                z,
                starts=starts,
                gamma=self.gamma if warm else None,
                n_starts=self.config.num_starts,
                generator=generator,
            )
        except ValueError:  # the assignment met NaN or inf, which nothing looked for before
            x.validate()
            z.validate()
            raise
        if warm:
            self.gamma = result.gamma
        return result

    def training_state(self) -> Mapping[str, Carried]:
        """The cross-covariance that the next batch starts from."""
        return {"gamma": self.gamma}

    def load_training_state(self, state: Mapping[str, Carried]) -> None:
        """Start the next batch from a cross-covariance."""
        gamma = state["gamma"]
        self.gamma = gamma if isinstance(gamma, Tensor) else None
