"""The Gromov-Wasserstein estimator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import nn

from gwae_core.components import Component
from gwae_core.errors import SpaceError
from gwae_core.spaces import GWResult, MMSpace


class Estimator(Component, nn.Module, ABC):
    """Estimates the Gromov-Wasserstein distance of two metric-measure spaces.

    The class says what it can do, so that a configuration that asks for more is refused before
    anything is trained.
    """

    kind: ClassVar[str] = "estimator"
    costs: ClassVar[frozenset[str] | None] = None
    """Names of ground costs it can take; None means any."""
    exponents: ClassVar[frozenset[float] | None] = frozenset({2.0})
    """Values of rho it can take; None means any."""
    solves: ClassVar[bool] = True
    """Whether it looks for a coupling; if not, the coupling is given: row i with row i."""
    has_plan: ClassVar[bool] = True
    """Whether its result holds a plan."""
    needs_points: ClassVar[bool] = False
    """Whether it needs the points themselves, so that distances alone are not enough."""
    exempt_from: frozenset[str] = frozenset()
    """Laws of a distance that its value breaks by nature, by the names of the conformance kit's
    checks, such as ``symmetry``; every other law is checked. Where it hangs on the configuration,
    ``__init__`` sets it."""

    class Config(Component.Config):
        """Parameters of an estimator."""

    config: Config

    @abstractmethod
    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """Estimate GW of two spaces with exponent rho, differentiable in points and distances.

        Estimators that draw random numbers take them from the generator.
        """

    def require_exponent(self, rho: float) -> None:
        """Refuse an exponent that the estimator cannot take.

        Raises:
            SpaceError: It says which it can.
        """
        if self.exponents is not None and rho not in self.exponents:
            allowed = ", ".join(f"{value:g}" for value in sorted(self.exponents))
            raise SpaceError(
                f"estimator {self.name()!r} cannot take rho {rho:g}; allowed: {allowed}",
                hint="the estimator paired takes any rho",
            )
