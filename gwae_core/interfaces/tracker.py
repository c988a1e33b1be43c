"""The tracker: it observes a run, for instance to show it in another program."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from gwae_core.components import Component


class Tracker(Component, ABC):
    """Observes a run from its start to its end; it cannot change it.

    A tracker that raises is left out for the rest of the run, which goes on; a warning record says
    so. What can be known before, such as a package that is not installed, belongs into
    ``__init__``, where an error stops the run before it begins.
    """

    kind: ClassVar[str] = "tracker"

    class Config(Component.Config):
        """Parameters of a tracker."""

    config: Config

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        """Called once, with the run folder and the resolved configuration.

        A run that is resumed calls it again, on another object, with the same folder.
        """
        return None

    @abstractmethod
    def record(self, record: Mapping[str, Any]) -> None:
        """Called with each line of ``metrics.jsonl``."""

    def finish(self, metrics: Mapping[str, float]) -> None:
        """Called once, with the final metrics."""
        return None

    def fail(self, reason: str) -> None:
        """Called instead of `finish` where the run fails or is interrupted."""
        return None
