"""Objectives of several stages are resumed bit for bit, and validated in each stage."""

from __future__ import annotations

import pytest
import torch

from gwae_core import RunConfig, TrainingConfig
from gwae_core.build import build_objective
from gwae_core.context import BuildContext
from gwae_core.engine import Loop, TensorBatches

MIXTURE = {"type": "gaussian-mixture", "num_components": 2, "fit_starts": 1}
OBJECTIVES = [
    {"type": "vade", "pretraining_share": 0.5},
    {"type": "two-stage-vae", "first_share": 0.5},
]
X = torch.randn(40, 5, generator=torch.Generator().manual_seed(0))


def loop(objective: dict[str, object]) -> Loop:
    values = {"latent_dim": 2, "prior": MIXTURE, "objective": objective}
    model = build_objective(RunConfig.from_mapping(values), BuildContext.for_data(X, 2))
    training = TrainingConfig(steps=6, batch_size=10, validate_every=1)
    validation = TensorBatches(X[:20], batch_size=20)
    return Loop(model, TensorBatches(X, batch_size=10), training, validation=validation)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: str(objective["type"]))
@pytest.mark.parametrize("step", [2, 4])
def test_a_run_goes_on_as_if_it_had_never_stopped(objective, step) -> None:
    first = loop(objective)
    states = [first.state() for record in first.run() if record["event"] == "progress"]
    second = loop(objective)
    second.load_state(states[step - 1])
    list(second.run())
    expected, found = first.objective.state_dict(), second.objective.state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: str(objective["type"]))
def test_each_stage_is_validated_by_its_own_terms(objective) -> None:
    records = [r for r in loop(objective).run() if r["event"] == "validation"]
    assert len(records) == 6
    monitored = [r["monitor"] for r in records]
    # a stage that watched what it does not train would see one value
    assert len(set(monitored[3:])) == 3
