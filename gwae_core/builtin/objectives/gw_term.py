"""The Gromov-Wasserstein term: two spaces, the trainable scale C, and any estimator."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gwae_core.data_metric import GeodesicMetric
from gwae_core.interfaces import Estimator
from gwae_core.spaces import GWResult, MMSpace, pairwise_distances

SCALE_SAMPLE = 1024
"""Points from which the mean distance of the data and the first scale are measured."""


class GWTerm(nn.Module):
    """Distance between the metric structures of data and codes, C and the unit being handled here.

    With ``d_x`` on the data side and ``d_z`` on (C / s_z) z, where s_z = mean_d std(z_d), the term
    is mean_{i != j} |d_x - d_z|^rho for a given coupling and GW^(1/rho) for a solved one.

    Args:
        estimator: Estimates GW of the two spaces.
        ground_cost: Ground cost of both spaces.
        rho: Exponent.
        latent_dim: Number of latent dimensions.
        per_coordinate: A scale for each latent coordinate instead of one for all.
        trainable: Whether C learns.
        initial_scale: First C, or None to take it from the data.
        normalised: Whether the term is divided by the mean distance of the data, so that one weight
            serves many data sets.
        geodesic: Metric of the data; None takes the ground cost.
        train_data: Training split, (n, *data_shape), or None when a trained model is loaded.
    """

    log_scale: nn.Parameter
    scale_set: Tensor
    mean_distance: Tensor

    def __init__(
        self,
        estimator: Estimator,
        *,
        ground_cost: str,
        rho: float,
        latent_dim: int,
        per_coordinate: bool,
        trainable: bool,
        initial_scale: float | None,
        normalised: bool,
        geodesic: GeodesicMetric | None,
        train_data: Tensor | None,
    ) -> None:
        super().__init__()
        self.estimator = estimator
        self.ground_cost = ground_cost
        self.rho = rho
        self.normalised = normalised
        self.geodesic = geodesic
        size = latent_dim if per_coordinate else 1
        start = math.log(initial_scale) if initial_scale is not None else 0.0
        self.log_scale = nn.Parameter(torch.full((size,), start), requires_grad=trainable)
        self.register_buffer("scale_set", torch.tensor(initial_scale is not None))
        mean_distance = 1.0
        if geodesic is not None:
            mean_distance = geodesic.mean
        elif train_data is not None:
            mean_distance = _mean_off_diagonal(
                pairwise_distances(train_data[:SCALE_SAMPLE].float(), cost=ground_cost)
            )
        self.register_buffer("mean_distance", torch.tensor(max(mean_distance, 1e-12)))

    @property
    def scale(self) -> Tensor:
        """C: (1,), or (d,) with a scale for each coordinate."""
        return self.log_scale.exp()

    @torch.no_grad()
    def fit_scale(self, z: Tensor) -> None:
        """Set C so that codes (n, d) have the data's mean distance, unless it was given.

        Called again after the codes have been standardised, which changes their distances.
        """
        if bool(self.scale_set):
            return
        d_z = pairwise_distances(_unit_scale(z), cost=self.ground_cost)
        ratio = self.mean_distance / max(_mean_off_diagonal(d_z), 1e-12)
        power = {"euclidean": 1.0, "sqeuclidean": 0.5}.get(self.ground_cost)
        if power is not None:  # the cosine distance has no scale
            self.log_scale.fill_(float(ratio.log()) * power)

    def data_space(self, x: Tensor, index: Tensor | None, weights: Tensor | None = None) -> MMSpace:
        """The space of data points (n, *data_shape), rows ``index`` of the training split."""
        if self.geodesic is None:
            return MMSpace(points=x.flatten(1), weights=weights, cost=self.ground_cost)
        if index is not None:
            return MMSpace(distances=self.geodesic.lookup(index).to(x.dtype))
        distances = torch.from_numpy(self.geodesic.between(x))
        return MMSpace(distances=distances.to(x.device, x.dtype))

    def code_space(self, z: Tensor, weights: Tensor | None) -> MMSpace:
        """The space of codes (n, d), scaled by C / s_z."""
        return MMSpace(points=_unit_scale(z) * self.scale, weights=weights, cost=self.ground_cost)

    def forward(
        self, x: MMSpace, z: MMSpace, *, generator: torch.Generator | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The term, a 0-d tensor, and the values to log."""
        result: GWResult = self.estimator(x, z, rho=self.rho, generator=generator)
        observed = {"gw_value": result.value.detach(), "scale_c": self.scale.detach().mean()}
        if self.estimator.solves:
            observed["gw_converged"] = torch.tensor(float(result.converged))
            positive = result.objective > torch.finfo(result.objective.dtype).tiny
            # The root has no gradient at 0; the inner `where` keeps its infinity out of the graph.
            root = torch.where(positive, result.objective, 1.0).pow(1 / self.rho)
            term = torch.where(positive, root, 0.0)
            unit = self.mean_distance
        else:
            # The mean over all pairs counts the zero diagonal; the term is over pairs i != j.
            term = result.objective * x.n / max(x.n - 1, 1)
            unit = self.mean_distance**self.rho
        return (term / unit if self.normalised else term), observed


def _unit_scale(z: Tensor) -> Tensor:
    """Divide codes (n, d) by s_z = mean_d std(z_d)."""
    spread = z.std(dim=0, unbiased=False).mean()
    return z / spread.clamp_min(torch.finfo(z.dtype).eps)


def _mean_off_diagonal(distances: Tensor) -> float:
    n = len(distances)
    return float(distances.double().sum()) / max(n * (n - 1), 1)
