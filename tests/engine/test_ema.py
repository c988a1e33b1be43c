"""The moving average of weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gwae_core.engine.ema import EMA


def linear() -> nn.Linear:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Linear(3, 2)


def test_the_average_is_that_of_its_formula() -> None:
    module, generator = linear(), torch.Generator().manual_seed(0)
    ema = EMA(module, 0.5)
    expected = module.weight.detach().clone()
    for step in range(1, 9):
        with torch.no_grad():
            module.weight.add_(torch.randn(2, 3, generator=generator))
        ema.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * module.weight.detach()
        torch.testing.assert_close(ema.average["weight"], expected)


def test_constant_weights_are_their_own_average() -> None:
    module = linear()
    ema = EMA(module, 0.999)
    for _ in range(50):
        ema.update()
    torch.testing.assert_close(ema.average["weight"], module.weight.detach())


def test_applied_weights_come_and_go_to_the_bit() -> None:
    module = linear()
    ema = EMA(module, 0.9)
    with torch.no_grad():
        module.weight.mul_(3)
    ema.update()
    raw, average = module.weight.detach().clone(), ema.average["weight"].clone()
    version = module.weight._version
    with ema.applied():
        assert torch.equal(module.weight, average)
        assert module.weight._version > version  # caches that watch it notice
    assert torch.equal(module.weight, raw)
    assert torch.equal(ema.average["weight"], average)
    with pytest.raises(ValueError, match="stop"), ema.applied():
        raise ValueError("stop")
    assert torch.equal(module.weight, raw)
    ema.apply()
    assert torch.equal(module.weight, average)


def test_a_restart_forgets() -> None:
    module = linear()
    ema = EMA(module, 0.9)
    with torch.no_grad():
        module.weight.mul_(3)
    ema.update()
    ema.restart()
    assert torch.equal(ema.average["weight"], module.weight)
    assert ema.steps == 0


def test_frozen_parameters_have_no_average() -> None:
    module = linear()
    module.bias.requires_grad_(False)
    assert set(EMA(module, 0.9).average) == {"weight"}
