"""What an evaluation computes, takes from before, keeps and drops."""

from __future__ import annotations

import json
import runpy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from gwae_core import RunConfig, evaluate_run, run
from gwae_core.comparison import compare
from gwae_core.errors import ConfigError, DataError, RunFolderError
from gwae_core.evaluation.stored import load_evaluation
from gwae_core.files import read_json, write_json
from gwae_core.interfaces import DataArrays, Interval, Measured, Metric, MetricInput
from gwae_core.measurements import Measurement, merged

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1], 60)
X = (RNG.normal(size=(120, 5)) + 6 * LABELS[:, None]).astype(np.float32)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    np.savez(folder / "blobs.npz", x=X, y=LABELS)
    config = RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "data": {"type": "arrays", "path": str(folder / "blobs.npz")},
            "encoder": {"type": "mlp", "hidden": [16]},
            "decoder": {"type": "mlp", "hidden": [16]},
            "prior": {"type": "gaussian-mixture", "num_components": 2},
            "training": {"steps": 20, "batch_size": 32, "validate_every": 10},
            "metrics": ["reconstruction", "geometry"],
        }
    )
    return run(config, out=folder / "out", report=False).folder


@pytest.fixture
def finished(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "run"))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the metrics that were computed."""
    names: list[str] = []
    from gwae_core import run_evaluation

    original = run_evaluation.measure

    def counted(metric: Metric, data: MetricInput) -> Measurement:
        names.append(metric.name())
        return original(metric, data)

    monkeypatch.setattr(run_evaluation, "measure", counted)
    return names


def stored(folder: Path) -> dict[str, float]:
    return read_json(folder / "evaluation" / "metrics.json")


def metrics_of(folder: Path) -> set[str]:
    return {name.split(".")[0] for name in stored(folder)}


def test_what_training_found_is_not_computed_again_and_the_model_is_not_built(
    finished: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(finished)
    with monkeypatch.context() as patch:
        patch.setattr("gwae_core.run_evaluation.build_objective", None)
        found = evaluate_run(finished)
    assert computed == [] and found.cached == ("reconstruction", "geometry")
    assert dict(found) == before == stored(finished)
    again = evaluate_run(finished, force=True)
    assert computed == ["reconstruction", "geometry"] and again.cached == ()
    assert again == pytest.approx(before, rel=1e-6)


def test_what_does_not_apply_is_known_and_named_once(finished: Path, computed: list[str]) -> None:
    for _ in range(2):
        found = evaluate_run(finished, metrics=["mig", "geometry"])
        assert (found.skipped, found.cached, dict(found.seconds)) == (("mig",), ("geometry",), {})
    assert computed == ["mig"]


def test_a_new_metric_stands_beside_what_is_there(finished: Path, computed: list[str]) -> None:
    before = load_evaluation(finished)
    found = evaluate_run(finished, metrics=["clustering"])
    assert computed == ["clustering"] == list(found.seconds)
    assert {name.split(".")[0] for name in found} == {"clustering"}
    after = load_evaluation(finished)
    assert before.metrics.items() <= after.metrics.items()
    assert after.facts["metrics"] == ["reconstruction", "geometry", "clustering"]
    for name, array in before.figures.items():
        np.testing.assert_array_equal(after.figures[name], array)


@pytest.mark.parametrize("change", ["settings", "seed", "checkpoint", "rows", "part"])
def test_what_a_number_depends_on_is_what_it_is_known_by(
    finished: Path, computed: list[str], change: str
) -> None:
    arguments: dict[str, Any] = {}
    match change:
        case "settings":
            arguments["overrides"] = ["geometry.points=20"]
        case "seed":
            path = finished / "config.yaml"
            path.write_text(path.read_text().replace("\nseed: 0", "\nseed: 1"))
        case "checkpoint":
            path = finished / "checkpoints" / "last.safetensors"
            content = bytearray(path.read_bytes())
            content[-3] ^= 1
            path.write_bytes(content)
        case "rows":
            with np.load(finished / "split.npz") as file:
                index = {name: file[name] for name in file.files}
            index["test"] = index["test"][::-1]
            np.savez(finished / "split.npz", **index)
        case "part":
            arguments["part"] = "validation"
    evaluate_run(finished, metrics=["geometry"], **arguments)
    assert computed == ["geometry"]
    evaluate_run(finished, metrics=["geometry"], **arguments)
    assert computed == ["geometry"]
    # of another model, seed or split nothing is left
    others_go = change in ("seed", "checkpoint", "rows")
    assert metrics_of(finished) == {"geometry"} | (set() if others_go else {"reconstruction"})


def test_two_settings_are_both_known(finished: Path, computed: list[str]) -> None:
    coarse = dict(evaluate_run(finished, metrics=["geometry"], overrides=["geometry.points=10"]))
    fine = dict(evaluate_run(finished, metrics=["geometry"]))
    assert (
        dict(evaluate_run(finished, metrics=[{"type": "geometry", "points": 10}])) == coarse != fine
    )
    assert computed == ["geometry"]
    assert coarse.items() <= stored(finished).items()


def test_other_versions_are_other_numbers(
    finished: Path, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gwae_core.known_measurements.environment", lambda: {"torch": "1.0"})
    evaluate_run(finished)
    assert computed == ["reconstruction", "geometry"]


def test_files_that_a_setting_names_count(
    finished: Path, computed: list[str], tmp_path: Path
) -> None:
    other = {"type": "arrays", "path": str(tmp_path / "other.npz")}
    metric = {"type": "ood", "data": other}
    for shift in (9, 9, 0):
        if shift == 0 or not Path(other["path"]).exists():
            np.savez(other["path"], x=X[:40] + shift, y=LABELS[:40])
        found = evaluate_run(finished, metrics=[metric])
    assert computed == ["ood", "ood"] and found.cached == ()


def test_validation_numbers_lie_apart(finished: Path) -> None:
    before = stored(finished)
    found = evaluate_run(finished, part="validation")
    assert found.part == "validation" and dict(found) != before == stored(finished)
    assert load_evaluation(finished, part="validation").metrics == dict(found)


@pytest.mark.parametrize("name", ["facts.json", "figures.npz", "metrics.json"])
def test_files_that_were_not_written_together_are_not_trusted(
    finished: Path, computed: list[str], name: str
) -> None:
    path = finished / "evaluation" / name
    match name:
        case "facts.json":
            write_json(path, {"context": read_json(path)["context"]})
        case "metrics.json":
            write_json(path, dict.fromkeys(stored(finished), 0.5))
        case _:
            np.savez(path, z=np.zeros(3))
    before = load_evaluation(finished).metrics
    evaluate_run(finished)
    assert computed == ["reconstruction", "geometry"]
    assert load_evaluation(finished).metrics != before or name != "metrics.json"
    evaluate_run(finished)
    assert len(computed) == 2


class Slow(Metric):
    """Stops the evaluation."""

    class Config(Metric.Config):
        type: Literal["slow"] = "slow"

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        raise KeyboardInterrupt


def test_what_an_interrupted_evaluation_computed_is_known(
    finished: Path, computed: list[str]
) -> None:
    before = (finished / "evaluation" / "facts.json").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        evaluate_run(finished, metrics=["clustering", Slow.Config()], components=[Slow])
    assert (finished / "evaluation" / "facts.json").read_bytes() == before
    computed.clear()
    found = evaluate_run(finished, metrics=["clustering"])
    assert computed == [] and found.cached == ("clustering",)
    assert not (finished / "evaluation" / "cache").exists()


class Own(Metric):
    """A number with an interval, and an array."""

    calls: ClassVar[list[int]] = []

    class Config(Metric.Config):
        type: Literal["own-shares"] = "own-shares"

    def compute(self, data: MetricInput) -> Mapping[str, Measured]:
        self.calls.append(len(data.test.x))
        row: NDArray[Any] = data.test.z.var(0)
        return {"a": Interval(0.5, 0.4, 0.7), "b": 2.0, "of_each": row}


def test_a_class_of_ones_own_has_no_version_and_is_always_computed(finished: Path) -> None:
    Own.calls.clear()
    for _ in range(2):
        found = evaluate_run(finished, metrics=[Own.Config()], components=[Own])
    assert Own.calls == [24, 24] and found.cached == ()
    assert found.intervals == {"own-shares.a": [0.4, 0.7]}
    evaluate_run(finished, metrics=["clustering"])
    kept = load_evaluation(finished)
    assert kept.facts["intervals"] == {"own-shares.a": [0.4, 0.7]}
    assert kept.figures["own-shares.of_each"].shape == (2,)


def test_an_unfinished_run_is_evaluated_with_a_warning_and_left_out_of_comparisons(
    finished: Path,
) -> None:
    facts = read_json(finished / "environment.json")
    del facts["seconds"]
    write_json(finished / "environment.json", facts)
    with pytest.warns(UserWarning, match="is not finished; .* --resume"):
        evaluate_run(finished)
    with pytest.raises(RunFolderError, match="the run was not finished when it was evaluated"):
        compare([finished])


def test_numbers_of_another_checkpoint_are_pointed_out_by_a_comparison(finished: Path) -> None:
    evaluate_run(finished, checkpoint="best")
    (warning,) = compare([finished]).warnings
    assert "checkpoint 'best'" in warning and "selected 'last'" in warning


def test_mistakes_are_named_before_anything_is_computed(finished: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown metric 'dcy'"):
        evaluate_run(finished, metrics=["dcy"])
    with pytest.raises(ConfigError, match="no preset 'best'"):
        evaluate_run(finished, preset="best")
    with pytest.raises(DataError, match="differ from those that the run was trained on"):
        evaluate_run(finished, data=DataArrays(X + 1, LABELS))


def test_many_points_of_an_own_metric_are_sampled(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gwae_core.run_evaluation.MAX_DISTANCES", 10)
    path = finished / "config.yaml"
    path.write_text(path.read_text().replace("data_metric: ground", "data_metric: geodesic"))
    found = evaluate_run(finished, metrics=["geometry"])
    assert "geometry.geodesic.spearman" in found
    assert load_evaluation(finished).facts["counts"]["test"] == 10


@pytest.mark.slow
def test_the_example_of_the_guide_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(Path(__file__).parents[1] / "docs/examples/evaluating.py"))
    printed = capsys.readouterr().out
    assert "'clustering.prior.accuracy'" in printed and "'dci'" in printed
    assert printed.endswith("known before: ('clustering',)\n")


def test_a_measurement_takes_the_place_of_those_it_shares_a_name_with() -> None:
    a, b = Measurement("m", {"m.a": 1.0}), Measurement("n", {"n.a": 1.0})
    skipped = Measurement("m", applies=False)
    other = Measurement("m", {"m.a": 2.0, "m.b": 2.0})
    assert merged([a, b], [other]) == [other, b]
    assert merged([skipped, b], [a]) == [a, b]
    assert merged([b], [a]) == [b, a]
    assert merged([], [skipped]) == [skipped]


def test_numbers_are_json(finished: Path) -> None:
    evaluate_run(finished, preset="fast")
    facts = json.loads((finished / "evaluation" / "facts.json").read_text())
    assert {one["metric"] for one in facts["measured"] if one["applies"]} <= set(facts["metrics"])
