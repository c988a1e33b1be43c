"""Lengths of stages, and the learning rate over a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gwae_core.interfaces import Stage
from gwae_core.training_config import TrainingConfig


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
    """Share of the learning rate: linear warm-up, constant, then a fall.

    With u the share of the fall that is left, 1 to 0, and r = ``decay_to``: r + (1 - r) u (linear),
    r + (1 - r) (1 - cos(pi u)) / 2 (cosine; Loshchilov & Hutter, 2017), r^(1 - u) (exponential).
    Stages share one clock: the second goes on where the first left off.

    Args:
        step: 0 to steps - 1.
        steps: Steps of all stages.
        config: Warm-up (at most a tenth of all steps) and decay.
    """
    warmup = min(config.warmup_steps, steps // 10)
    rise = (step + 1) / warmup if warmup else 1.0
    left = min(1.0, (steps - step) / (config.decay * steps)) if config.decay else 1.0
    floor = config.decay_to
    match config.decay_shape:
        case "linear":
            fall = floor + (1 - floor) * left
        case "cosine":
            fall = floor + (1 - floor) * (1 - math.cos(math.pi * left)) / 2
        case "exponential":
            fall = floor ** (1 - left) if left < 1 else 1.0
    return min(1.0, rise) * fall


def set_rate(optimizer: Any, share: float) -> None:
    """Set every part's learning rate to a share of its own peak."""
    for part in optimizer.param_groups:
        part["lr"] = part["peak"] * share
