"""MLflow reads what the tracker sent, from a store of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gwae_core import RunConfig, run
from gwae_core.builtin.trackers import MLflow
from gwae_core.records import flatten, read_records

DATA = np.random.default_rng(0).normal(size=(90, 4))
SMALL = {"steps": 20, "log_every": 10, "batch_size": 16}

pytestmark = [
    pytest.mark.slow,  # importing mlflow takes seconds
    pytest.mark.filterwarnings("ignore"),  # mlflow's own
]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    from mlflow.tracking import MlflowClient

    return MlflowClient()


def only_run(client, experiment: str = "gwae-core"):
    found = client.get_experiment_by_name(experiment)
    (only,) = client.search_runs([found.experiment_id])
    return only


def test_parameters_and_metrics_of_a_run_are_in_the_store(client, tmp_path: Path) -> None:
    config = RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "training": SMALL,
            "trackers": [{"type": "mlflow", "experiment": "digits"}],
        }
    )
    result = run(config, out=tmp_path / "run", report=False, data=DATA)
    stored = only_run(client, "digits")
    assert stored.info.status == "FINISHED"
    assert stored.info.run_name == "run"
    assert stored.data.params["training.steps"] == "20"
    assert stored.data.params["objective.estimator.type"] == "paired"
    assert stored.data.params["metrics.0.type"] == "reconstruction"
    for name, value in result.metrics.items():
        assert stored.data.metrics[f"test/{name}"] == pytest.approx(value)
    records = [r for r in read_records(result.folder / "metrics.jsonl") if r["event"] == "train"]
    history = client.get_metric_history(stored.info.run_id, "train/terms.reconstruction")
    expected = [(r["step"], flatten(r)["terms.reconstruction"]) for r in records]
    assert sorted((m.step, m.value) for m in history) == expected


def test_a_resumed_run_goes_on_in_the_same_mlflow_run(client, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for step in (1, 2):
        tracker = MLflow(MLflow.Config())
        tracker.start(tmp_path / "run", {"seed": 0})
        assert only_run(client).info.status == "RUNNING"
        tracker.record({"event": "train", "step": step, "terms": {"a,b": float(step)}})
        tracker.fail("KeyboardInterrupt: ")
    stored = only_run(client)
    assert stored.info.status == "FAILED"
    assert stored.data.tags["failure"] == "KeyboardInterrupt: "
    history = client.get_metric_history(stored.info.run_id, "train/terms.a_b")
    assert sorted(m.step for m in history) == [1, 2]


def test_the_configuration_cannot_say_where_records_are_sent() -> None:
    assert set(MLflow.Config.model_fields) == {"type", "experiment", "run_name"}
