"""Lengths of stages, and the learning rate over a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gwae_core.config import TrainingConfig
from gwae_core.interfaces import Stage


def stage_lengths(stages: Sequence[Stage], steps: int) -> list[tuple[Stage, int]]:
    """Steps of each stage: their shares of all steps, rounded so that they add up."""
    lengths, done, share = [], 0, 0.0
    for stage in stages:
        share += stage.fraction
        until = round(share * steps)
        lengths.append((stage, until - done))
        done = until
    return lengths


def rate(step: int, steps: int, config: TrainingConfig) -> float:
    """Share of the learning rate: linear warm-up, constant, linear decay to 0.

    Stages share one clock: the second goes on where the first left off.

    Args:
        step: 0 to steps - 1.
        steps: Steps of all stages.
        config: Warm-up (at most a tenth of all steps) and decay.
    """
    warmup = min(config.warmup_steps, steps // 10)
    rise = (step + 1) / warmup if warmup else 1.0
    fall = (steps - step) / (config.decay * steps) if config.decay else 1.0
    return min(1.0, rise) * min(1.0, fall)


def set_rate(optimizer: Any, share: float) -> None:
    """Set every part's learning rate to a share of its own peak."""
    for part in optimizer.param_groups:
        part["lr"] = part["peak"] * share
