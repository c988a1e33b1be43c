"""GECO: the multiplier follows the constraint."""

from __future__ import annotations

import itertools

import pytest
import torch

from gwae_core import Batch
from gwae_core.errors import ComponentError


def loss(model, x):
    return model.losses("main", Batch(x), generator=torch.Generator().manual_seed(0))


def multipliers(model, x, steps: int = 20) -> list[float]:
    found = []
    for _ in range(steps):
        loss(model, x)
        found.append(model.log_multiplier.exp().item())
    return found


def test_the_multiplier_rises_while_the_constraint_is_violated(build, data) -> None:
    """An untrained decoder explains nothing."""
    found = multipliers(build("geco"), data.double())
    assert all(b > a > 1 for a, b in itertools.pairwise(found))


def test_the_multiplier_falls_while_the_constraint_is_slack(build, data) -> None:
    model = build({"type": "geco", "tolerance": 0.5})
    # the decoder that gives back its data
    model.decode_params = lambda z: data.double()
    found = multipliers(model, data.double())
    assert all(b < a < 1 for a, b in itertools.pairwise(found))


def test_without_averaging_it_grows_by_the_rate_times_the_violation(build, data) -> None:
    model = build({"type": "geco", "averaging": 0, "rate": 0.5, "tolerance": 0.2})
    x = data.double()
    violation = 0.8 - loss(model, x).observed["explained_variance"].item()
    assert model.log_multiplier.item() == pytest.approx(0.5 * violation)


def test_the_loss_is_the_lagrangian(build, data) -> None:
    model = build({"type": "geco", "tolerance": 0.2}).eval()
    vae = build("vae")
    vae.load_state_dict(model.state_dict(), strict=False)
    x = data.double()
    expected = loss(vae, x).terms
    with torch.no_grad():
        model.log_multiplier.fill_(2.0)
    found = loss(model, x).terms
    allowed = 0.1 * model.total_variance.item()
    ours = torch.tensor(2.0).exp().item() * (expected["reconstruction"].item() - allowed)
    assert found["reconstruction"].item() == pytest.approx(ours, rel=1e-6)
    assert found["divergence"].item() == pytest.approx(expected["divergence"].item())


def test_evaluation_leaves_the_multiplier_alone(build, data) -> None:
    model = build("geco").eval()
    assert multipliers(model, data.double(), steps=3) == [1, 1, 1]


def test_a_constraint_that_cannot_be_met_does_not_end_in_infinity(build, data) -> None:
    model = build({"type": "geco", "rate": 1000})
    multipliers(model, data.double())
    assert model.log_multiplier.exp().item() == pytest.approx(1e6)
    assert torch.isfinite(loss(model, data.double()).total)


@pytest.mark.slow
def test_training_meets_the_constraint_with_equality(build, data) -> None:
    model = build({"type": "geco", "tolerance": 0.2})
    optimizer = torch.optim.Adam([p for p in model.parameters()], 3e-3)
    generator = torch.Generator().manual_seed(0)
    explained = []
    for _ in range(4000):
        optimizer.zero_grad()
        found = model.losses("main", Batch(data.double()), generator=generator)
        found.total.backward()
        optimizer.step()
        explained.append(found.observed["explained_variance"].item())
    assert sum(explained[-500:]) / 500 == pytest.approx(0.8, abs=0.02)


def test_another_likelihood_is_refused(build) -> None:
    with pytest.raises(ComponentError, match="geco has a Gaussian likelihood of its own"):
        build("geco", reconstruction="l1")
