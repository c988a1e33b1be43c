"""The Gromov-Monge gap."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, field_validator

from gwae_core.builtin.estimators.exact import Exact
from gwae_core.builtin.estimators.paired import Paired, identity_plan
from gwae_core.context import BuildContext
from gwae_core.interfaces import Estimator
from gwae_core.registered import Registered, default_config
from gwae_core.spaces import GWResult, MMSpace


class GromovMongeGap(Estimator):
    """Gromov-Monge gap: distortion of the given coupling less that of the solved one.

    paired(x, z) - GW(x, z) (Uscidda et al., 2025): zero for a map that is optimal among all maps
    between its ends, whether or not it is an isometry. With ``exact`` inside, the given coupling is
    among the solver's starts, so the gap is never negative; with ``entropic`` it may be.
    """

    class Config(Estimator.Config):
        """The solver inside."""

        type: Literal["gromov-monge-gap"] = "gromov-monge-gap"
        solver: Annotated[Estimator.Config, Registered(Estimator, "exact")] = Field(
            default_factory=default_config("estimator", "exact")
        )
        """Estimator of the solved part."""

        @field_validator("solver")
        @classmethod
        def _solves(cls, value: Estimator.Config) -> Estimator.Config:
            if not value.component.solves or not value.component.has_plan:
                raise ValueError(
                    f"the gap needs a solver that finds a coupling; {value.type!r} does not "
                    "(take exact or entropic)"
                )
            return value

    config: Config
    solves: ClassVar[bool] = False

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.paired = Paired(Paired.Config())
        self.solver: Estimator = config.solver.build(context)

    def forward(
        self,
        x: MMSpace,
        z: MMSpace,
        *,
        rho: float = 2.0,
        generator: torch.Generator | None = None,
    ) -> GWResult:
        """The gap; its plan is the solved one.

        Raises:
            SpaceError: The sizes differ.
        """
        self.require_exponent(rho)
        given = self.paired(x, z, rho=rho)
        if isinstance(self.solver, Exact):
            start = identity_plan(x, z)
            solved = self.solver.solve(x, z, starts=[start], rho=rho, generator=generator)
        else:
            solved = self.solver(x, z, rho=rho, generator=generator)
        value, objective = given.value - solved.value, given.objective - solved.objective
        if isinstance(self.solver, Exact):
            # never negative but by the rounding of two formulas
            value, objective = value.clamp(min=0), objective.clamp(min=0)
        return GWResult(
            value=value,
            objective=objective,
            plan=solved.plan,
            converged=solved.converged,
            n_iter=solved.n_iter,
            marginal_error=solved.marginal_error,
        )
