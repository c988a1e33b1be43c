"""Where a run stands: step, stage, the best validation, and what was said already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Position:
    """Where a run stands between two steps.

    Attributes:
        step: Steps done, over all stages.
        stage: Number of the present stage.
        begun: Whether that stage was prepared.
        at: Steps done in it; its length once it has stopped early.
        best: Best monitored value in it.
        stale: Validations since then.
        warned: Symptoms that were warned of.
        seconds: Time that training took, over all sessions.
    """

    step: int = 0
    stage: int = 0
    begun: bool = False
    at: int = 0
    best: float = float("inf")
    stale: int = 0
    warned: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def begin(self, stage: int) -> None:
        """Begin a stage."""
        self.stage, self.begun, self.at = stage, True, 0
        self.best, self.stale = float("inf"), 0

    def judge(self, value: float) -> bool:
        """Take a monitored value in; whether it is the best of the stage."""
        improved = value < self.best
        self.best, self.stale = (value, 0) if improved else (self.best, self.stale + 1)
        return improved

    def as_values(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Position:
        """The position that `as_values` wrote."""
        return cls(**values)
