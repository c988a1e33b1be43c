"""The tracker: it observes a run, for instance to show it in another program."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from gwae_core.components import Component


class Tracker(Component, ABC):
    """Observes a run from its start to its end; it cannot change it."""

    kind: ClassVar[str] = "tracker"

    class Config(Component.Config):
        """Parameters of a tracker."""

    config: Config

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        """Called once, with the run folder and the resolved configuration."""
        return None

    @abstractmethod
    def record(self, record: Mapping[str, Any]) -> None:
        """Called with each line of ``metrics.jsonl``."""

    def finish(self, metrics: Mapping[str, float]) -> None:
        """Called once, with the final metrics."""
        return None
