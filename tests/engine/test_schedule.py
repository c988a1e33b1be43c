"""Lengths of stages and the learning rate over a run."""

import itertools

import pytest
import torch
from pydantic import ValidationError

from gwae_core.engine.schedule import rate, set_rate, stage_lengths
from gwae_core.interfaces import Stage
from gwae_core.training_config import TrainingConfig


@pytest.mark.parametrize("steps", [1, 2, 7, 100, 1501])
def test_stage_lengths_add_up_to_all_steps(steps: int) -> None:
    stages = (Stage("a", 0.8), Stage("b", 0.1), Stage("c", 0.1))
    lengths = stage_lengths(stages, steps)
    assert sum(length for _, length in lengths) == steps
    assert all(abs(length - stage.fraction * steps) <= 1 for stage, length in lengths)


def test_the_rate_rises_stays_and_falls_to_nearly_zero() -> None:
    config = TrainingConfig(warmup_steps=10, decay=0.3)
    shares = [rate(step, 100, config) for step in range(100)]
    assert shares[:10] == pytest.approx([0.1 * k for k in range(1, 11)])
    assert shares[10:70] == pytest.approx([1.0] * 60)
    assert all(a > b > 0 for a, b in itertools.pairwise(shares[70:]))
    assert shares[-1] == pytest.approx(1 / 30)


def test_no_warmup_and_no_decay_is_constant() -> None:
    config = TrainingConfig(warmup_steps=0, decay=0.0)
    assert {rate(step, 50, config) for step in range(50)} == {1.0}


def test_warmup_takes_at_most_a_tenth_of_a_short_run() -> None:
    config = TrainingConfig(warmup_steps=100, decay=0.0)
    assert rate(0, 20, config) == pytest.approx(0.5)
    assert rate(1, 20, config) == 1.0


def test_each_part_keeps_its_own_peak() -> None:
    first, second = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.Adam(
        [
            {"params": [first], "lr": 1e-3, "peak": 1e-3},
            {"params": [second], "lr": 1e-2, "peak": 1e-2},
        ]
    )
    set_rate(optimizer, 0.5)
    assert [part["lr"] for part in optimizer.param_groups] == [5e-4, 5e-3]


@pytest.mark.parametrize("shape", ["linear", "cosine", "exponential"])
def test_every_shape_falls_from_one_to_its_end(shape: str) -> None:
    config = TrainingConfig(warmup_steps=0, decay=0.5, decay_shape=shape, decay_to=0.1)
    shares = [rate(step, 1000, config) for step in range(1000)]
    assert shares[:501] == [1.0] * 501
    assert all(a > b for a, b in itertools.pairwise(shares[500:]))
    assert shares[-1] == pytest.approx(0.1, abs=0.01)
    half = {"linear": 0.55, "cosine": 0.55, "exponential": 0.1**0.5}[shape]
    assert shares[750] == pytest.approx(half, rel=1e-6)


def test_cosine_is_torch_s_own() -> None:
    config = TrainingConfig(warmup_steps=0, decay=1.0, decay_shape="cosine", decay_to=0.2)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 40, eta_min=0.2)
    for step in range(40):
        assert rate(step, 40, config) == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()


def test_an_exponential_fall_needs_an_end() -> None:
    with pytest.raises(ValidationError, match="exponential never reaches 0"):
        TrainingConfig(decay_shape="exponential")
    TrainingConfig(decay_shape="exponential", decay=0)  # nothing falls
