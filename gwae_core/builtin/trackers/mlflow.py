"""MLflow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from gwae_core.builtin.trackers.packages import require_package
from gwae_core.context import BuildContext
from gwae_core.interfaces import Tracker
from gwae_core.records import flat, flatten

LONGEST_VALUE = 500
"""Characters of a parameter's value that every MLflow store takes."""
BATCH = 100
"""Parameters that are sent at once."""


class MLflow(Tracker):
    """Parameters and metrics for MLflow, in the store that its environment variables name.

    Every number of a record is the metric ``event/name``, such as ``train/terms.gw``, the final
    metrics are ``test/name``, and each value of the configuration a parameter. Where the store is
    says ``MLFLOW_TRACKING_URI``, not the configuration: one that comes from somebody else cannot
    send your records to a server. A resumed run goes on in the same MLflow run.

    Source: mlflow.org documentation of MlflowClient.
    """

    class Config(Tracker.Config):
        """Names that MLflow shows."""

        type: Literal["mlflow"] = "mlflow"
        experiment: str = Field("gwae-core", min_length=1)
        """Name of the experiment; made where there is none."""
        run_name: str | None = Field(None, min_length=1)
        """Name of the run; null takes that of the run folder."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        require_package("mlflow", "mlflow")
        self.client: Any = None
        self.run_id = ""
        self.step = 0

    def start(self, folder: Path, config: Mapping[str, Any]) -> None:
        """Begin a run in the store, or go on with the one of this folder."""
        from mlflow.tracking import MlflowClient

        self.client = MlflowClient()
        remembered = folder / "mlflow.json"
        if remembered.is_file():
            self.run_id = str(json.loads(remembered.read_text(encoding="utf-8"))["run_id"])
            self.client.update_run(self.run_id, status="RUNNING")
            return
        self.run_id = self._new_run(folder.name)
        remembered.write_text(json.dumps({"run_id": self.run_id}) + "\n", encoding="utf-8")
        self._log_parameters(config)
        self.client.set_tag(self.run_id, "run_folder", str(folder.resolve()))

    def record(self, record: Mapping[str, Any]) -> None:
        """Send the numbers of a record."""
        event, self.step = str(record["event"]), int(record.get("step", self.step))
        numbers = {name: value for name, value in flatten(record).items() if name != "step"}
        self._log_metrics(event, numbers)
        if event == "warning":
            self.client.set_tag(self.run_id, "warning", str(record.get("message", "")))

    def finish(self, metrics: Mapping[str, float]) -> None:
        """Send the final metrics and end the run."""
        self._log_metrics("test", metrics)
        self.client.set_terminated(self.run_id, "FINISHED")

    def fail(self, reason: str) -> None:
        """Mark the run as failed."""
        self.client.set_tag(self.run_id, "failure", reason)
        self.client.set_terminated(self.run_id, "FAILED")

    def _new_run(self, name: str) -> str:
        found = self.client.get_experiment_by_name(self.config.experiment)
        experiment = (
            self.client.create_experiment(self.config.experiment)
            if found is None
            else found.experiment_id
        )
        run = self.client.create_run(experiment, run_name=self.config.run_name or name)
        return str(run.info.run_id)

    def _log_metrics(self, event: str, numbers: Mapping[str, float]) -> None:
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(_key(f"{event}/{k}"), v, now, self.step) for k, v in numbers.items()]
        if metrics:
            self.client.log_batch(self.run_id, metrics=metrics)

    def _log_parameters(self, config: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        params = [Param(_key(k), str(v)[:LONGEST_VALUE]) for k, v in flat(config)]
        for start in range(0, len(params), BATCH):
            self.client.log_batch(self.run_id, params=params[start : start + BATCH])


def _key(name: str) -> str:
    """A name of the characters that MLflow takes."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:250]
