"""Every estimator of core trains from a configuration, in every comparison that it is made for."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gwae_core import RunConfig
from gwae_core.build import build_objective
from gwae_core.builtin.objectives import GWAE
from gwae_core.context import Batch, BuildContext
from gwae_core.engine import TensorBatches, train
from gwae_core.errors import ConfigError

ESTIMATORS: dict[str, Any] = {
    "paired": "paired",
    "exact": "exact",
    "entropic": {"type": "entropic", "epsilon": 0.2, "tolerance": 1e-3},
    "sliced": "sliced",
    "lower-bound": "lower-bound",
    "gromov-monge-gap": "gromov-monge-gap",
}
GIVEN = ("paired", "gromov-monge-gap")
CASES = [
    (name, compare)
    for name in ESTIMATORS
    for compare in ("posterior", "generated", "data")
    if not (compare == "data" and name in GIVEN)
]
STEPS = 20


def data() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(64, 6, generator=generator) @ torch.randn(6, 6, generator=generator)


def config(estimator: Any, compare: str, **objective: Any) -> RunConfig:
    return RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "encoder": {"type": "mlp", "hidden": [16]},
            "decoder": {"type": "mlp", "hidden": [16]},
            # its weights and means learn, so that the prior's side of the term is seen too
            "prior": {"type": "gaussian-mixture", "num_components": 3},
            "objective": {
                "type": "gwae",
                "estimator": estimator,
                "compare": compare,
                "representation_share": 0,
                **objective,
            },
            "training": {"steps": STEPS, "batch_size": 16},
        }
    )


def build(settings: RunConfig) -> GWAE:
    model = build_objective(settings, BuildContext.for_data(data(), 2))
    assert isinstance(model, GWAE)
    return model


def gradient(module: nn.Module) -> float:
    """Sum of the absolute gradients of a module's parameters."""
    found = [p.grad for p in module.parameters() if p.grad is not None]
    assert all(bool(torch.isfinite(g).all()) for g in found)
    return sum(float(g.abs().sum()) for g in found)


@pytest.mark.parametrize(("name", "compare"), CASES)
def test_twenty_steps(name: str, compare: str) -> None:
    settings = config(ESTIMATORS[name], compare)
    model = build(settings)
    before = nn.utils.parameters_to_vector(model.parameters()).clone()
    records = list(train(model, TensorBatches(data(), batch_size=16), settings.training))
    terms = [r["terms"] for r in records if r["event"] == "progress"]
    assert len(terms) == STEPS
    assert all(math.isfinite(value) for step in terms for value in step.values())
    assert all(step["gw"] >= 0 for step in terms)
    assert not torch.equal(nn.utils.parameters_to_vector(model.parameters()), before)


@pytest.mark.parametrize(("name", "compare"), CASES)
def test_the_gradient_reaches_both_sides(name: str, compare: str) -> None:
    model = build(config(ESTIMATORS[name], compare))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # a decoder that folds: the gap of a nearly linear one is zero
        for parameter in model.decoder.parameters():
            parameter.mul_(5)
    model.start_stage("joint", data(), generator=generator)
    x = data()[:16]
    losses = model.losses("main", Batch(x, torch.arange(16)), generator=generator)
    losses.terms["gw"].backward()
    reached = {
        part
        for part, module in (
            ("encoder", model.encoder),
            ("decoder", model.decoder),
            ("prior", model.prior),
        )
        if gradient(module) > 0
    }
    expected = {"posterior": {"encoder"}, "generated": {"decoder", "prior"}, "data": {"prior"}}
    assert reached == expected[compare]
    assert model.gw.log_scale.grad is not None and float(model.gw.log_scale.grad.abs()) > 0


@pytest.mark.parametrize("name", ["exact", "entropic", "lower-bound"])
def test_geodesic_distances_of_the_data(name: str) -> None:
    settings = config(
        ESTIMATORS[name], "data", data_metric="geodesic", num_neighbors=6, weights={"gw": 1.0}
    )
    model = build(settings)
    records = list(train(model, TensorBatches(data(), batch_size=16), settings.training))
    values = [r["terms"]["gw"] for r in records if r["event"] == "progress"]
    assert len(values) == STEPS and all(math.isfinite(value) for value in values)


def test_the_gap_of_a_nearly_linear_decoder_is_zero() -> None:
    model = build(config("gromov-monge-gap", "generated"))
    generator = torch.Generator().manual_seed(1)
    model.start_stage("joint", data(), generator=generator)
    terms = model.losses("main", Batch(data()[:16]), generator=generator).terms
    assert terms["gw"].item() == 0
    terms["gw"].backward()
    assert gradient(model.decoder) == 0


def test_the_exact_estimator_starts_from_the_batch_before() -> None:
    model = build(config("exact", "posterior", ground_cost="sqeuclidean"))
    estimator: Any = model.gw.estimator
    assert estimator.gamma is None
    for step in range(2):
        x = data()[16 * step : 16 * (step + 1)]
        model.losses("main", Batch(x), generator=torch.Generator().manual_seed(step))
    assert estimator.gamma.shape == (6, 2)
    kept = estimator.gamma.clone()
    model.eval()
    model.losses("main", Batch(data()[32:48]), generator=torch.Generator().manual_seed(2))
    assert torch.equal(estimator.gamma, kept)  # validation leaves no trace


@pytest.mark.parametrize(
    ("estimator", "objective", "message"),
    [
        ("paired", {"compare": "data"}, "needs an estimator that solves.*'paired'"),
        ("gromov-monge-gap", {"compare": "data"}, "needs an estimator that solves.*'gromov-monge"),
        ("exact", {"rho": 1}, "'exact' cannot take rho 1; allowed: 2"),
        ("entropic", {"rho": 3}, "'entropic' cannot take rho 3"),
        ("gromov-monge-gap", {"rho": 1}, "'gromov-monge-gap' cannot take rho 1"),
        ("sliced", {"ground_cost": "euclidean"}, "'sliced' cannot take the ground cost 'euclid"),
        ("sliced", {"data_metric": "geodesic"}, "'sliced' needs points"),
        ({"type": "gromov-monge-gap", "solver": "paired"}, {}, "finds a coupling; 'paired'"),
        ({"type": "gromov-monge-gap", "solver": "sliced"}, {}, "finds a coupling; 'sliced'"),
        (
            {"type": "gromov-monge-gap", "solver": "gromov-monge-gap"},
            {},
            "finds a coupling; 'gromov-monge-gap'",
        ),
        ({"type": "entropic", "epsilon": 0}, {}, "greater than 0"),
        ({"type": "exact", "num_starts": 0}, {}, "greater than 0"),
        ({"type": "lower-bound", "bound": "fourth"}, {}, "'first', 'second' or 'third'"),
    ],
)
def test_what_does_not_go_together_is_refused(
    estimator: Any, objective: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        config(estimator, **{"compare": "posterior", **objective})


def test_defaults_follow_the_estimator() -> None:
    found = {}
    for name in ESTIMATORS:
        objective: Any = config(name, "posterior").objective
        found[name] = (objective.cost, objective.exponent)
    assert found == {
        "paired": ("euclidean", 1.0),
        "exact": ("euclidean", 2.0),
        "entropic": ("euclidean", 2.0),
        "sliced": ("sqeuclidean", 2.0),
        "lower-bound": ("euclidean", 2.0),
        "gromov-monge-gap": ("euclidean", 2.0),
    }
