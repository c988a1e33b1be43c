"""Weights that change over a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gwae_core import RunConfig
from gwae_core.build import build_objective
from gwae_core.context import Batch, BuildContext
from gwae_core.errors import ConfigError
from gwae_core.interfaces import Objective
from gwae_core.ramps import Ramp, weight_at

X = torch.from_numpy(np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32))


def test_a_ramp_stays_goes_and_stays() -> None:
    ramp = Ramp(start=2.0, end=4.0, over=(0.2, 0.6))
    values = [ramp.at(t) for t in (0.0, 0.2, 0.3, 0.4, 0.6, 1.0)]
    assert values == pytest.approx([2.0, 2.0, 2.5, 3.0, 4.0, 4.0])
    assert Ramp(start=1.0, end=0.0).at(0.25) == pytest.approx(0.75)
    assert weight_at(0.3, 0.7) == 0.3


def test_a_cosine_ramp_is_smooth_at_both_ends() -> None:
    ramp = Ramp(start=0.0, end=1.0, shape="cosine")
    assert [ramp.at(t) for t in (0, 0.5, 1)] == pytest.approx([0, 0.5, 1])
    assert ramp.at(0.01) < 0.01 / 10
    assert ramp.at(0.25) + ramp.at(0.75) == pytest.approx(1)


def config(weights: Any) -> RunConfig:
    return RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "prior": "normal",
            "objective": {"weights": weights},
            "encoder": {"type": "mlp", "hidden": [4]},
            "decoder": {"type": "mlp", "hidden": [4]},
        }
    )


def terms(objective: Objective) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    losses = objective.losses("main", Batch(X), generator=generator)
    return {name: float(term.detach()) for name, term in losses.terms.items()}


def test_each_weight_of_gwae_follows_its_ramp() -> None:
    weights = {
        name: {"start": 0, "end": 2 * (k + 1)}
        for k, name in enumerate(("gw", "reconstruction", "divergence", "entropy"))
    }
    fixed = build_objective(
        config({name: ramp["end"] for name, ramp in weights.items()}),
        BuildContext.for_data(X, 2),
    )
    ramped = build_objective(config(weights), BuildContext.for_data(X, 2))
    whole = terms(fixed)
    ramped.progress = 0.0
    assert terms(ramped) == {"reconstruction": 0.0}  # what has no weight is not computed
    ramped.progress = 0.25
    for name, value in terms(ramped).items():
        assert value == pytest.approx(0.25 * whole[name], rel=1e-5)
    ramped.eval()
    fixed.eval()
    assert terms(ramped) == pytest.approx(terms(fixed))  # evaluated with the last weights


def test_a_ramp_survives_yaml() -> None:
    written = config({"gw": {"start": 0, "end": 3, "over": [0.1, 0.5], "shape": "cosine"}})
    assert RunConfig.from_yaml(written.to_yaml()) == written
    assert "over:" in written.to_yaml()


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (-1, r"weights\.gw: input should be greater than or equal to 0; got -1"),
        ("heavy", r"weights\.gw: input should be a valid number"),
        (float("inf"), r"weights\.gw: input should be a finite number"),
        ({"start": 0, "end": -1}, r"weights\.gw\.end: input should be greater than or equal to 0"),
        ({"start": 0}, r"weights\.gw\.end: this field is required"),
        ({"start": 0, "end": 1, "ovr": [0, 1]}, r"weights\.gw\.ovr.*did you mean 'over'"),
        ({"start": 0, "end": 1, "over": [0.5, 0.5]}, r"weights\.gw: a ramp begins before it ends"),
        ({"start": 0, "end": 1, "over": [0, 2]}, r"weights\.gw\.over\.1: .*less than or equal"),
    ],
)
def test_nonsense_is_refused_by_its_path(weight: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config({"gw": weight})
