"""The gradient of each estimator's objective is its finite difference.

Directional central differences in float64 (`gradcheck` in its fast mode). The weights are generic:
at equal uniform ones the exact value has a kink.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gwae_core.interfaces import Estimator
from gwae_core.measure import estimator_config
from gwae_core.solvers import distortion
from gwae_core.spaces import MMSpace

Objective = Callable[[MMSpace, MMSpace], Tensor]

CONFIGS: dict[str, dict[str, Any]] = {
    "paired": {"type": "paired"},
    "exact": {"type": "exact"},
    "sliced": {"type": "sliced", "num_projections": 5},
    "first": {"type": "lower-bound", "bound": "first"},
    "second": {"type": "lower-bound", "bound": "second"},
    "third": {"type": "lower-bound", "bound": "third"},
    "gap": {"type": "gromov-monge-gap"},
}


def random(*shape: int, seed: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


X, Z, W = 3 * random(6, 3, seed=1), 2 * random(6, 2, seed=2), 2 * random(5, 2, seed=3)
STRENGTH = {"euclidean": 0.5, "sqeuclidean": 5.0}
"""Of the regulariser: about the value of the product coupling, where solving takes few steps."""
P, Q = random(6, seed=4) + 0.5, random(5, seed=5) + 0.5


def objective(name: str) -> Objective:
    def entropic(x: MMSpace, z: MMSpace) -> Tensor:
        # the gradient is that at a fixed absolute strength, so the difference must fix it too
        with torch.no_grad():
            unit = float(distortion(x, z, torch.outer(x.mass, z.mass)))
        epsilon = STRENGTH[str(x.cost)] / unit
        return estimate({"type": "entropic", "epsilon": epsilon, "tolerance": 1e-12})(x, z)

    def estimate(config: dict[str, Any]) -> Objective:
        built: Estimator = estimator_config(config).build().eval()
        return lambda x, z: built(x, z, generator=torch.Generator().manual_seed(0)).objective

    return entropic if name == "entropic" else estimate(CONFIGS[name])


def check(f: Callable[..., Tensor], *inputs: Tensor) -> None:
    leaves = tuple(tensor.clone().requires_grad_() for tensor in inputs)
    assert torch.autograd.gradcheck(
        f, leaves, eps=1e-6, rtol=1e-5, atol=1e-7, fast_mode=True, check_undefined_grad=False
    )


def costs(name: str) -> tuple[str, ...]:
    return ("sqeuclidean",) if name == "sliced" else ("euclidean", "sqeuclidean")


ALL = (*CONFIGS, "entropic")


@pytest.mark.parametrize("name", ALL)
def test_points(name: str) -> None:
    for cost in costs(name):
        f = objective(name)
        check(lambda x, z, f=f, c=cost: f(MMSpace(x, cost=c), MMSpace(z, cost=c)), X, Z)  # type: ignore[misc]
        if name not in ("paired", "gap"):
            check(lambda x, z, f=f, c=cost: f(MMSpace(x, cost=c), MMSpace(z, cost=c)), X, W)  # type: ignore[misc]


@pytest.mark.parametrize("name", [name for name in ALL if name != "sliced"])
def test_distances(name: str) -> None:
    f = objective(name)
    upper = random(6, 6, seed=6) + 0.5
    z = MMSpace(Z)

    def at(values: Tensor) -> Tensor:
        return f(MMSpace(distances=values.triu(1) + values.triu(1).T), z)

    check(at, upper)


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("paired", "gap")])
def test_weights(name: str) -> None:
    for cost in costs(name):
        f = objective(name)

        def at(p: Tensor, q: Tensor, f: Objective = f, cost: str = cost) -> Tensor:
            return f(MMSpace(X, weights=p, cost=cost), MMSpace(W, weights=q, cost=cost))

        check(at, P, Q)


@pytest.mark.parametrize("name", ["paired", "gap"])
def test_weights_of_a_given_coupling(name: str) -> None:
    for cost in costs(name):
        f = objective(name)

        def at(p: Tensor, f: Objective = f, cost: str = cost) -> Tensor:
            return f(MMSpace(X, weights=p, cost=cost), MMSpace(Z, weights=p, cost=cost))

        check(at, P)


@pytest.mark.parametrize("rho", [1.0, 1.5, 3.0])
def test_other_exponents_of_the_given_coupling(rho: float) -> None:
    built = estimator_config("paired").build()
    check(lambda x, z: built(MMSpace(x), MMSpace(z), rho=rho).objective, X, Z)


def test_a_strength_in_units_of_the_product_is_held_fixed() -> None:
    """Left to follow the points, epsilon adds a part to the difference that the gradient lacks."""
    built = estimator_config({"type": "entropic", "epsilon": 1.0, "tolerance": 1e-12}).build()
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        check(lambda x, z: built(MMSpace(x), MMSpace(z)).objective, X, Z)


def test_the_transport_part_alone_has_another_gradient() -> None:
    built = estimator_config({"type": "entropic", "epsilon": 1.0, "tolerance": 1e-12}).build()
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        check(lambda x, z: built(MMSpace(x), MMSpace(z)).value, X, Z)
