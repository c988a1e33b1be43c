"""`distance`: the Gromov-Wasserstein value of two arrays, by any registered estimator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from pydantic import Field, ValidationError
from torch import Tensor

from gwae_core.components import Section
from gwae_core.errors import ComponentError, SpaceError
from gwae_core.interfaces import Estimator
from gwae_core.registered import Registered, default_config
from gwae_core.spaces import GROUND_COSTS, GWResult, MMSpace
from gwae_core.validation import explain

PRECOMPUTED = "precomputed"
Cost = str | Callable[[Tensor, Tensor], Tensor]


class Measurement(Section):
    """What `distance` asks for."""

    estimator: Annotated[Estimator.Config, Registered(Estimator, "exact")] = Field(
        default_factory=default_config("estimator", "exact")
    )
    """The estimator."""


def distance(
    x: ArrayLike | Tensor,
    z: ArrayLike | Tensor,
    *,
    estimator: str | Mapping[str, Any] | Estimator.Config = "exact",
    cost: Cost | None = None,
    rho: float = 2.0,
    weights_x: ArrayLike | Tensor | None = None,
    weights_z: ArrayLike | Tensor | None = None,
    seed: int = 0,
) -> GWResult:
    """Estimate min_T sum_ijkl |c_x(i,j) - c_z(k,l)|^rho T_ik T_jl of two sets of points.

    All input is checked. Tensors keep their device and gradients; integers become float64, half
    precision float32, and the wider of two types is taken for both.

    Args:
        x: Points, (n, ...), or their distances, (n, n), with the cost ``precomputed``.
        z: Points, (m, ...), or their distances, (m, m); of any dimension.
        estimator: Name of a registered estimator, a mapping of its ``type`` and parameters, or its
            configuration.
        cost: ``euclidean``, ``sqeuclidean``, ``cosine``, ``precomputed``, or a callable
            ((n, p), (m, p)) -> (n, m); None takes ``euclidean``, or ``sqeuclidean`` for an
            estimator that knows only that.
        rho: Exponent, positive.
        weights_x: Weights of the points of x, (n,), non-negative; None is uniform. An estimator
            whose coupling is given takes one set of weights for both.
        weights_z: Weights of the points of z, (m,).
        seed: Seed of estimators that draw random numbers.

    Returns:
        The value, the objective, the coupling where there is one, and how the solver ended.

    Raises:
        ConfigError: There is no such estimator, or its parameters are not valid.
        ComponentError: The estimator cannot take the cost or the exponent.
        SpaceError: Points, distances or weights are not valid, or their powers overflow.
    """
    config = estimator_config(estimator)
    kind: type[Estimator] = config.component
    chosen = _cost(cost, kind)
    _check_exponent(rho, kind)
    data_x, data_z = _tensor(x, "x"), _tensor(z, "z")
    if data_x.device != data_z.device:
        raise SpaceError(f"x is on {data_x.device} and z on {data_z.device}", hint="x.to(z.device)")
    dtype = torch.promote_types(data_x.dtype, data_z.dtype)
    p, q = (
        None if weights is None else _tensor(weights, name).to(data_x.device, dtype)
        for weights, name in ((weights_x, "weights_x"), (weights_z, "weights_z"))
    )
    if not kind.solves:
        p, q = _shared(p, q, config.type)
    spaces = [
        _space(data.to(dtype), weights, chosen, name)
        for data, weights, name in ((data_x, p, "x"), (data_z, q, "z"))
    ]
    for space, name in zip(spaces, "xz", strict=True):
        _check_size(space, rho, name)
    generator = torch.Generator(device=data_x.device).manual_seed(seed)
    built: Estimator = config.build()
    result: GWResult = built.eval()(*spaces, rho=rho, generator=generator)
    return result


def estimator_config(estimator: str | Mapping[str, Any] | Estimator.Config) -> Estimator.Config:
    """The configuration of an estimator by its name or from a mapping.

    Raises:
        ConfigError: There is no such estimator, or its parameters are not valid.
    """
    values = {"estimator": estimator}
    try:
        return Measurement.model_validate(values).estimator
    except ValidationError as error:
        raise explain(error, Measurement, values, "distance") from error


def _cost(cost: Cost | None, kind: type[Estimator]) -> Cost:
    if cost is None:
        return "euclidean" if kind.costs is None or "euclidean" in kind.costs else "sqeuclidean"
    if isinstance(cost, str) and cost not in (*GROUND_COSTS, PRECOMPUTED):
        raise SpaceError(
            f"unknown ground cost {cost!r}; allowed: {', '.join(GROUND_COSTS)}, {PRECOMPUTED}",
            hint="a cost of your own is a callable (x, y) -> (n, m)",
        )
    if cost == PRECOMPUTED and kind.needs_points:
        raise ComponentError(
            f"estimator {kind.name()!r} needs points; cost {PRECOMPUTED!r} gives distances alone",
            hint="give the points, or take an estimator that works on distances, such as exact",
        )
    if kind.costs is not None and cost not in kind.costs and cost != PRECOMPUTED:
        raise ComponentError(
            f"estimator {kind.name()!r} cannot take the ground cost "
            f"{cost if isinstance(cost, str) else 'of your own'!r}; "
            f"allowed: {', '.join(sorted(kind.costs))}",
            hint="the estimator exact takes any ground cost",
        )
    return cost


def _check_exponent(rho: float, kind: type[Estimator]) -> None:
    if not 0 < rho < float("inf"):
        raise SpaceError(f"rho must be positive and finite; got {rho:g}")
    if kind.exponents is not None and rho not in kind.exponents:
        allowed = ", ".join(f"{value:g}" for value in sorted(kind.exponents))
        raise ComponentError(
            f"estimator {kind.name()!r} cannot take rho {rho:g}; allowed: {allowed}",
            hint="the estimator paired takes any rho",
        )


def _tensor(values: ArrayLike | Tensor, name: str) -> Tensor:
    """Values as a tensor of a floating type that solvers compute in."""
    if isinstance(values, Tensor):
        tensor = values
    else:
        try:
            array = np.asarray(values)
        except ValueError as error:  # rows of different lengths
            raise SpaceError(f"{name} is no array of numbers: {error}") from error
        if array.dtype.kind not in "buif":
            raise SpaceError(f"{name} must hold real numbers, got {array.dtype}")
        kept = array.dtype in (np.float16, np.float32, np.float64)
        tensor = torch.from_numpy(np.array(array, dtype=array.dtype if kept else np.float64))
    if tensor.is_complex():
        raise SpaceError(f"{name} must hold real numbers, got {tensor.dtype}")
    if not tensor.is_floating_point():
        return tensor.double()
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def _shared(p: Tensor | None, q: Tensor | None, name: str) -> tuple[Tensor | None, Tensor | None]:
    """One set of weights for both sides of a coupling of row i with row i."""
    if p is None or q is None:
        return (q, q) if p is None else (p, p)
    if p.shape == q.shape and not torch.allclose(p / p.sum(), q / q.sum()):
        raise SpaceError(
            f"estimator {name!r} couples row i with row i, so both sides have the same weights",
            hint="give one set of weights, or take an estimator that solves, such as exact",
        )
    return p, q


def _space(data: Tensor, weights: Tensor | None, cost: Cost, name: str) -> MMSpace:
    try:
        if cost == PRECOMPUTED:
            return MMSpace.checked(distances=data, weights=weights)
        space = MMSpace.checked(data, weights=weights, cost=cost)
        if callable(cost):
            MMSpace.checked(distances=space.d)
        return space
    except SpaceError as error:
        raise SpaceError(f"{name}: {error.message}", hint=error.hint) from error


@torch.no_grad()
def _check_size(space: MMSpace, rho: float, name: str) -> None:
    """Refuse distances whose powers overflow; solvers would take them for other numbers."""
    power = max(rho, 2.0)
    if space.distances is not None or callable(space.cost):
        largest = space.d.max()
    elif space.cost == "cosine":
        return
    else:
        box = space.flat.amax(0) - space.flat.amin(0)
        largest = torch.linalg.vector_norm(box.double())  # no distance is longer than its diagonal
        power *= 2 if space.cost == "sqeuclidean" else 1
    limit = torch.finfo(space.like.dtype).max * 1e-3  # sums of a few terms must fit too
    if power * float(largest.log()) > math.log(limit):
        raise SpaceError(
            f"{name}: distances up to {float(largest):.1e} overflow {space.like.dtype} when raised "
            f"to the power {power:g}",
            hint="divide both inputs by a typical distance, or give float64",
        )
