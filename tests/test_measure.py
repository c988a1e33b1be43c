"""`gwae_core.distance`: arrays or tensors in, a result out, mistakes explained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gwae_core import GWResult, distance
from gwae_core.builtin.estimators import Exact
from gwae_core.errors import ComponentError, ConfigError, GWAEError, SpaceError
from gwae_core.measure import Measurement
from gwae_core.spaces import MMSpace

RANDOM = np.random.default_rng(0)
X, Z, W = RANDOM.normal(size=(8, 3)), RANDOM.normal(size=(8, 2)), RANDOM.normal(size=(6, 2))


def distances(x: np.ndarray) -> np.ndarray:
    return np.linalg.norm(x[:, None] - x[None], axis=-1)


def double_sum(x: np.ndarray, z: np.ndarray, plan: np.ndarray, rho: float = 2) -> float:
    """The definition, summed over all four indices."""
    gaps = np.abs(distances(x)[:, :, None, None] - distances(z)[None, None]) ** rho  # i j k l
    return float(np.einsum("ijkl,ik,jl->", gaps, plan, plan))


def test_the_value_is_the_definition_at_the_plan() -> None:
    result = distance(X, W)
    assert isinstance(result, GWResult)
    assert result.converged and result.marginal_error < 1e-12
    plan = result.dense().numpy()
    assert plan.shape == (8, 6)
    assert float(result.value) == pytest.approx(double_sum(X, W, plan))


@pytest.mark.parametrize("rho", [1.0, 3.0])
def test_rho(rho: float) -> None:
    result = distance(X, Z, estimator="paired", rho=rho)
    assert float(result.value) == pytest.approx(double_sum(X, Z, np.eye(8) / 8, rho))


def test_a_name_a_mapping_and_a_configuration_mean_the_same() -> None:
    values = [
        float(distance(X, W, estimator=estimator).value)
        for estimator in ("exact", {"type": "exact"}, {}, Exact.Config())
    ]
    assert len(set(values)) == 1
    assert isinstance(Measurement().estimator, Exact.Config)


def test_parameters_reach_the_estimator() -> None:
    values = [
        float(distance(X, W, estimator={"type": "lower-bound", "bound": bound}).value)
        for bound in ("first", "second", "third")
    ]
    assert values[0] < values[1] < values[2]


def test_arrays_lists_and_tensors() -> None:
    expected = float(distance(X, W).value)
    assert float(distance(X.tolist(), W.tolist()).value) == expected
    assert float(distance(torch.from_numpy(X), W).value) == expected
    assert distance(X.astype(np.float32), W.astype(np.float32)).value.dtype == torch.float32
    assert distance(X.astype(np.float32), W).value.dtype == torch.float64
    assert distance(X.astype(np.float16), W.astype(np.float16)).value.dtype == torch.float32
    assert distance(np.arange(5), [[0], [2]]).value.dtype == torch.float64


def test_arrays_that_cannot_be_written_to_are_read() -> None:
    fixed = X.copy()
    fixed.flags.writeable = False
    assert float(distance(fixed, W).value) == float(distance(X, W).value)


def test_gradients_flow_through_tensors() -> None:
    x = torch.from_numpy(X).requires_grad_()
    distance(x, W).objective.backward()
    assert x.grad is not None and float(x.grad.abs().sum()) > 0


def test_precomputed_distances_are_those_of_the_points() -> None:
    given = distance(distances(X), distances(W), cost="precomputed")
    assert float(given.value) == pytest.approx(float(distance(X, W).value))


def test_costs() -> None:
    bound = {"type": "lower-bound"}
    squared = float(distance(X, W, estimator=bound, cost="sqeuclidean").value)
    given = distance(
        distances(X) ** 2, distances(W) ** 2, estimator=bound, cost="precomputed"
    ).value
    own = distance(X, W, estimator=bound, cost=lambda x, y: torch.cdist(x, y).square()).value
    assert [float(given), float(own)] == pytest.approx([squared, squared])
    cosine = distance(X, 5 * X, estimator="paired", cost="cosine")
    assert float(cosine.value) == pytest.approx(0, abs=1e-12)


def test_an_estimator_that_knows_one_cost_takes_it() -> None:
    default = distance(X, W, estimator="sliced")
    assert float(default.value) == float(
        distance(X, W, estimator="sliced", cost="sqeuclidean").value
    )


def test_a_seed_repeats_and_another_differs() -> None:
    values = [float(distance(X, W, estimator="sliced", seed=s).value) for s in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_the_global_random_state_is_left_alone() -> None:
    state = torch.get_rng_state()
    distance(X, W, estimator="sliced")
    distance(X, W, estimator={"type": "exact", "num_starts": 3})
    assert torch.equal(torch.get_rng_state(), state)


def test_weights_count_points() -> None:
    twice = np.concatenate([X, X[:1]])
    weights = np.array([2.0, 1, 1, 1, 1, 1, 1, 1])
    value = float(distance(X, W, weights_x=weights).value)
    assert value == pytest.approx(float(distance(twice, W).value))
    assert value == pytest.approx(float(distance(W, X, weights_z=weights / 9).value))


def test_one_set_of_weights_serves_a_given_coupling() -> None:
    weights = np.arange(1.0, 9)
    values = [
        float(distance(X, Z, estimator="paired", **given).value)
        for given in (
            {"weights_x": weights},
            {"weights_z": weights},
            {"weights_x": weights, "weights_z": 2 * weights},
        )
    ]
    expected = double_sum(X, Z, np.diag(weights / weights.sum()))
    assert values == pytest.approx([expected] * 3)


WITH_NAN = np.where(X > 1, np.nan, X)
MISTAKES: dict[str, tuple[tuple[Any, Any], dict[str, Any], type[GWAEError], str]] = {
    "unknown estimator": ((X, Z), {"estimator": "exakt"}, ConfigError, "did you mean 'exact'"),
    "unknown parameter": (
        (X, Z),
        {"estimator": {"type": "exact", "starts": 3}},
        ConfigError,
        "estimator.starts: unknown field",
    ),
    "bad parameter": (
        (X, Z),
        {"estimator": {"type": "entropic", "epsilon": -1}},
        ConfigError,
        "greater than 0; got -1",
    ),
    "no estimator": ((X, Z), {"estimator": 3}, ConfigError, "a name or a mapping"),
    "NaN in x": ((WITH_NAN, Z), {}, SpaceError, "x: points hold NaN or inf"),
    "inf in z": ((X, np.full((8, 2), np.inf)), {}, SpaceError, "z: points hold NaN or inf"),
    "NaN in distances": (
        (np.full((3, 3), np.nan), np.zeros((3, 3))),
        {"cost": "precomputed"},
        SpaceError,
        "x: distances hold NaN or inf",
    ),
    "NaN in weights": (
        (X, Z),
        {"weights_z": np.full(8, np.nan)},
        SpaceError,
        "z: weights hold NaN",
    ),
    "negative weights": (
        (X, Z),
        {"weights_x": -np.ones(8)},
        SpaceError,
        "x: weights must not be neg",
    ),
    "no mass": ((X, Z), {"weights_x": np.zeros(8)}, SpaceError, "positive sum"),
    "too few weights": ((X, Z), {"weights_x": np.ones(7)}, SpaceError, r"must be \(8,\), got \(7,"),
    "no points": ((X[:0], Z), {}, SpaceError, "n >= 1"),
    "distances that are not square": ((X, Z), {"cost": "precomputed"}, SpaceError, "square"),
    "asymmetric distances": (
        (np.triu(distances(X)), distances(Z)),
        {"cost": "precomputed"},
        SpaceError,
        "symmetric",
    ),
    "text": ((np.array(["a"]), Z), {}, SpaceError, "x must hold real numbers"),
    "complex": ((X * 1j, Z), {}, SpaceError, "complex"),
    "complex tensor": ((torch.from_numpy(X) * 1j, Z), {}, SpaceError, "complex"),
    "ragged": (([[1, 2], [3]], Z), {}, SpaceError, "x is no array of numbers"),
    "unknown cost": ((X, Z), {"cost": "manhattan"}, SpaceError, "allowed: euclidean"),
    "cost it cannot take": (
        (X, Z),
        {"estimator": "sliced", "cost": "euclidean"},
        ComponentError,
        "'sliced' cannot take the ground cost 'euclidean'; allowed: sqeuclidean",
    ),
    "own cost it cannot take": (
        (X, Z),
        {"estimator": "sliced", "cost": torch.cdist},
        ComponentError,
        "'of your own'",
    ),
    "distances where points are needed": (
        (distances(X), distances(Z)),
        {"estimator": "sliced", "cost": "precomputed"},
        ComponentError,
        "needs points",
    ),
    "rho it cannot take": ((X, Z), {"rho": 1.0}, ComponentError, "'exact' cannot take rho 1"),
    "rho that means nothing": ((X, Z), {"rho": -1.0}, SpaceError, "rho must be positive"),
    "unequal sizes, given coupling": ((X, W), {"estimator": "paired"}, SpaceError, "8 and 6"),
    "unequal sizes, gap": ((X, W), {"estimator": "gromov-monge-gap"}, SpaceError, "8 and 6"),
    "unequal weights, given coupling": (
        (X, Z),
        {"estimator": "paired", "weights_x": np.ones(8), "weights_z": np.arange(8.0)},
        SpaceError,
        "same weights",
    ),
    "own cost with NaN": (
        (X, Z),
        {"cost": lambda x, y: torch.full((8, 8), torch.nan)},
        SpaceError,
        "x: distances hold NaN",
    ),
    "distances overflow": (
        (1e200 * distances(X), distances(Z)),
        {"cost": "precomputed"},
        SpaceError,
        "x: .* overflow torch.float64 when raised to the power 2",
    ),
    "overflow": ((1e30 * X.astype(np.float32), Z.astype(np.float32)), {}, SpaceError, "overflow"),
}


@pytest.mark.parametrize("spaces, options, error, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(
    spaces: tuple[Any, Any], options: dict[str, Any], error: type[GWAEError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        distance(*spaces, **options)
    assert caught.value.message[0].islower()


@pytest.mark.parametrize(
    "kind", ["paired", "exact", "entropic", "sliced", "lower-bound", "gromov-monge-gap"]
)
def test_every_estimator_of_core_agrees_with_its_component(kind: str) -> None:
    from gwae_core.measure import estimator_config

    cost = "sqeuclidean"
    spaces = [MMSpace(torch.from_numpy(a), cost=cost) for a in (X, Z)]
    built = estimator_config(kind).build().eval()
    expected = built(*spaces, generator=torch.Generator().manual_seed(3))
    assert float(distance(X, Z, estimator=kind, cost=cost, seed=3).value) == float(expected.value)
