"""Parameters of the Gromov-Wasserstein autoencoder, and which of them go together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from gwae_core.components import Section
from gwae_core.interfaces import Divergence, Estimator, Objective
from gwae_core.ramps import Weight
from gwae_core.registered import Registered, default_config


class Weights(Section):
    """Weights of the four terms: each a number, or a ramp over the run."""

    gw: Weight = 3.0
    """Gromov-Wasserstein term."""
    reconstruction: Weight = 1.0
    """Reconstruction."""
    divergence: Weight = 0.1
    """Divergence between aggregated posterior and prior."""
    entropy: Weight = 1e-2
    """Entropy of the posterior."""


class GWAEConfig(Objective.Config):
    """Parameters of the objective."""

    estimator: Annotated[Estimator.Config, Registered(Estimator, "paired")] = Field(
        default_factory=default_config("estimator", "paired")
    )
    """Estimator of the Gromov-Wasserstein term."""
    divergence: Annotated[Divergence.Config, Registered(Divergence, "sinkhorn")] = Field(
        default_factory=default_config("divergence", "sinkhorn")
    )
    """Divergence between aggregated posterior and prior."""
    weights: Weights = Weights()
    """Weights of the terms."""
    scaling: Literal["normalised", "paper"] = "normalised"
    """``paper``: sums over data dimensions as published; ``normalised``: each term in units of
    its own scale on the data, so that weights carry over from one data set to another."""
    compare: Literal["posterior", "generated", "data"] = "posterior"
    """Spaces of the GW term: (x, z~) of the posterior; (x^, z) generated, as published; or a
    data batch against a prior batch, whose coupling has to be solved for."""
    ground_cost: Literal["euclidean", "sqeuclidean", "cosine"] | None = None
    """Ground cost of both spaces; null takes euclidean, or sqeuclidean for an estimator that
    knows only that."""
    data_metric: Literal["ground", "geodesic"] = "ground"
    """Distances of the data: the ground cost, or geodesics of the nearest-neighbour graph."""
    num_neighbors: PositiveInt = 10
    """Neighbours of a point in the graph of the geodesic metric."""
    rho: PositiveFloat | None = None
    """Exponent of the GW term; null takes 1 for a given coupling and 2 for a solved one."""
    initial_scale: PositiveFloat | None = None
    """First value of C; null takes the one that gives codes the data's mean distance."""
    scale_learning_rate: NonNegativeFloat = 1e-2
    """Learning rate of log C; 0 keeps C."""
    fitted_prior_learning_rate: PositiveFloat = 1e-4
    """Learning rate of a prior that was fitted on the codes; any other takes the run's."""
    scale_per_coordinate: bool = False
    """A scale C_d for each latent coordinate instead of one C."""
    representation_share: float = Field(0.8, ge=0, lt=1)
    """Share of the steps before a prior that can be fitted is fitted on the codes; 0 trains
    all terms from the start."""

    @property
    def exponent(self) -> float:
        """The exponent in use."""
        if self.rho is not None:
            return self.rho
        kind: type[Estimator] = self.estimator.component
        takes_one = kind.exponents is None or 1.0 in kind.exponents
        return 1.0 if takes_one and not kind.solves else 2.0

    @property
    def cost(self) -> str:
        """The ground cost in use."""
        if self.ground_cost is not None:
            return self.ground_cost
        kind: type[Estimator] = self.estimator.component
        euclidean = kind.costs is None or "euclidean" in kind.costs
        return "euclidean" if euclidean else "sqeuclidean"

    @model_validator(mode="after")
    def _can_be_estimated(self) -> GWAEConfig:
        kind: type[Estimator] = self.estimator.component
        name = self.estimator.type
        if self.compare == "data" and not kind.solves:
            raise ValueError(
                f"compare: data needs an estimator that solves for the coupling; {name!r} "
                "takes row i with row i, which are unrelated there (choose for instance "
                "`estimator: entropic`, or compare: generated or posterior)"
            )
        if kind.exponents is not None and self.exponent not in kind.exponents:
            allowed = ", ".join(f"{value:g}" for value in sorted(kind.exponents))
            raise ValueError(
                f"estimator {name!r} cannot take rho {self.exponent:g}; allowed: {allowed}"
            )
        if kind.costs is not None and self.cost not in kind.costs:
            raise ValueError(
                f"estimator {name!r} cannot take the ground cost {self.cost!r}; "
                f"allowed: {', '.join(sorted(kind.costs))}"
            )
        if self.data_metric == "geodesic":
            if self.compare == "generated":
                raise ValueError(
                    "data_metric: geodesic is known for data only; compare: generated takes "
                    "distances of generated points (use compare: posterior or data)"
                )
            if kind.needs_points:
                raise ValueError(
                    f"estimator {name!r} needs points, and data_metric: geodesic gives "
                    "distances alone"
                )
            if self.cost != "euclidean":
                raise ValueError(
                    "data_metric: geodesic gives lengths; they go with ground_cost: euclidean, "
                    f"not {self.cost}"
                )
        return self
