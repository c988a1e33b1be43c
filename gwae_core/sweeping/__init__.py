"""Sweeps: many runs of one configuration, over a search space of its fields and over seeds."""

from gwae_core.sweeping.config import Pruning, Range, SweepConfig
from gwae_core.sweeping.processes import sweep
from gwae_core.sweeping.results import SweepResult, TrialResult

__all__ = ["Pruning", "Range", "SweepConfig", "SweepResult", "TrialResult", "sweep"]
