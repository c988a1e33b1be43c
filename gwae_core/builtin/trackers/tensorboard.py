"""TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent
from typing import Any, Literal

from pydantic import PositiveInt

from gwae_core.builtin.trackers.packages import require_package
from gwae_core.context import BuildContext
from gwae_core.interfaces import Tracker
from gwae_core.records import flatten


class TensorBoard(Tracker):
    """Scalars for TensorBoard, in the folder ``tensorboard`` of the run.

    Every number of a record is the scalar ``event/name``, such as ``train/terms.gw``; the final
    metrics are ``test/name``; the configuration and warnings are texts. Show several runs with
    `tensorboard --logdir runs`.

    Source: tensorboard.dev documentation of SummaryWriter, through torch.utils.tensorboard.
    """

    class Config(Tracker.Config):
        """How often the file is written."""

        type: Literal["tensorboard"] = "tensorboard"
        flush_seconds: PositiveInt = 30
        """Seconds after which what was recorded is written at the latest."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        require_package("tensorboard", "tensorboard")
        self.writer: Any = None
        self.step = 0

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        """Open the event file and write the configuration."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(
            str(folder / "tensorboard"), flush_secs=self.config.flush_seconds
        )
        # Four spaces make it code in Markdown, which TensorBoard renders.
        self.writer.add_text("config", indent(json.dumps(dict(config), indent=2), "    "))

    def record(self, record: Mapping[str, Any]) -> None:
        """Write the numbers of a record, and the text of a warning."""
        event, self.step = str(record["event"]), int(record.get("step", self.step))
        for name, value in flatten(record).items():
            if name != "step":
                self.writer.add_scalar(f"{event}/{name}", value, self.step)
        if event == "warning":
            self.writer.add_text("warning", str(record.get("message", "")), self.step)

    def finish(self, metrics: Mapping[str, float]) -> None:
        """Write the final metrics and close the file."""
        for name, value in metrics.items():
            self.writer.add_scalar(f"test/{name}", value, self.step)
        self.writer.close()

    def fail(self, reason: str) -> None:
        """Write why the run ended and close the file."""
        self.writer.add_text("failure", reason, self.step)
        self.writer.close()
