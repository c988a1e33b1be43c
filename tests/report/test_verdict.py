from __future__ import annotations

from typing import Any

import pytest

from gwae_core.report.records import Log
from gwae_core.report.verdict import Verdict, verdict


def judged(latent_dim: int | None = 8, extra: tuple[Any, ...] = (), **observed: float) -> Verdict:
    values = {"active_units": 8.0, "posterior_scale": 1.0, "explained_variance": 0.9} | observed
    norms = {"gw": 1.0, "reconstruction": 0.5}
    records: list[Any] = [
        {
            "event": "train",
            "step": step,
            "stage": "joint",
            "observed": values,
            "gradient_norm": norms,
            "total_gradient_norm": {"main": 1.0},
        }
        for step in range(1, 8)
    ]
    found = verdict(Log([*records, *extra, {"event": "end", "step": 8}]), latent_dim=latent_dim)
    assert found is not None
    return found


def test_a_run_without_a_fault_is_healthy() -> None:
    found = judged(log_variance=-3.0)
    assert (found.state, {finding.state for finding in found.findings}) == ("good", {"good"})
    assert found.text == "Healthy: nothing that was watched gives cause to worry."
    texts = {finding.name: finding.text for finding in found.findings}
    assert texts["active units"] == "8 of 8 latent dimensions depend on the data"
    assert texts["reconstruction"] == "reconstructions explain 90% of a batch's variance"
    assert texts["balance of terms"] == "every term has a say in the gradient"


@pytest.mark.parametrize(
    ("observed", "name", "state", "words"),
    [
        ({"active_units": 1.0}, "active units", "bad", "the posterior collapsed"),
        ({"active_units": 3.0}, "active units", "look", "half of them are unused"),
        ({"posterior_scale": 51.0}, "posterior scale", "bad", "it exploded"),
        ({"explained_variance": 0.01}, "reconstruction", "bad", "little more than the mean"),
        ({"explained_variance": 0.3}, "reconstruction", "look", "30%"),
        ({"log_variance": -9.5}, "posterior noise", "look", "without noise"),
    ],
)
def test_what_is_wrong_is_named(
    observed: dict[str, float], name: str, state: str, words: str
) -> None:
    found = judged(**observed)
    assert found.state == state
    assert name in found.text
    (finding,) = [one for one in found.findings if one.state != "good"]
    assert finding.name == name and words in finding.text


def test_one_active_unit_of_one_is_no_collapse() -> None:
    assert judged(latent_dim=1, active_units=1.0).state == "good"


def validations(*totals: float) -> tuple[Any, ...]:
    return tuple({"event": "validation", "step": k, "total": t} for k, t in enumerate(totals))


def test_a_validation_loss_that_rises_is_seen() -> None:
    assert judged(extra=validations(3, 2, 1)).state == "good"
    assert judged(extra=validations(3, 2, 2.1)).state == "good"
    found = judged(extra=validations(3, 2, 2.5))
    assert found.text.endswith("something to look at: validation.")
    assert "25% above its least" in found.findings[-3].text


def last_record(**values: Any) -> Any:
    return {"event": "train", "step": 9, "stage": "joint", **values}


def test_a_gradient_that_leaps_at_the_end_is_seen() -> None:
    found = judged(extra=(last_record(total_gradient_norm={"main": 40.0}),))
    assert "gradient" in found.text and "40 times the median" in found.findings[-2].text


def test_a_term_without_a_say_is_named() -> None:
    records = tuple(last_record(gradient_norm={"gw": 1.0, "entropy": 1e-3}) for _ in range(5))
    found = judged(extra=records)
    assert "under 1% of the largest gradient: entropy" in found.findings[-1].text


def test_a_failure_is_worse_than_a_warning() -> None:
    warning = {"event": "warning", "step": 2, "message": "x"}
    assert judged(extra=(warning,)).text == "Trained, with something to look at: warnings."
    found = judged(extra=(warning, {"event": "failure", "step": 5}))
    assert found.text == "Not healthy: end of training."
    assert found.findings[0].text == "failed at step 5"


def test_a_run_that_did_not_end_says_so() -> None:
    record = last_record(observed={"posterior_scale": 1.0})
    found = verdict(Log([record]), latent_dim=None)
    assert found is not None and found.findings[0].text.startswith("not finished")


@pytest.mark.parametrize(
    "records",
    [[], [{"event": "train"}], [{"event": "failure"}], [{"event": "end"}, {"event": "warning"}]],
)
def test_without_anything_watched_there_is_no_verdict(records: list[Any]) -> None:
    assert verdict(Log(records), latent_dim=4) is None


def test_the_last_stage_is_judged_not_an_earlier_one() -> None:
    early = [
        {"event": "train", "step": k, "stage": "first", "observed": {"posterior_scale": 99.0}}
        for k in range(9)
    ]
    late = last_record(observed={"posterior_scale": 2.0})
    found = verdict(Log([*early, late, {"event": "end"}]), latent_dim=None)
    assert found is not None and found.state == "good"
