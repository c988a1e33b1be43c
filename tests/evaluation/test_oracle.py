"""Four codes against what an independent, published implementation prints for them."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gwae_core.evaluation import (
    beta_vae_score,
    dci_scores,
    explicitness_score,
    factor_vae_score,
    irs_score,
    mig_score,
    modularity_score,
    sap_continuous,
    sap_svc,
    total_correlation,
    wasserstein_correlation,
)

DATA = Path(__file__).parents[1] / "data" / "oracle"
EXPECTED = json.loads((DATA / "expected.json").read_text())["cases"]
ORACLE = runpy.run_path(str(DATA / "codes.py"))
CASES, case = ORACLE["CASES"], ORACLE["case"]

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(params=CASES)
def given(request: pytest.FixtureRequest) -> tuple[Arrays, dict[str, Any]]:
    return case(request.param), EXPECTED[request.param]


def test_scores_of_one_sample(given: tuple[Arrays, dict[str, Any]]) -> None:
    (z, y, _, _), expected = given
    assert mig_score(z, y).score == pytest.approx(expected["mig"], abs=1e-9)
    assert modularity_score(z, y).score == pytest.approx(expected["modularity"], abs=1e-9)
    assert sap_continuous(z, y).score == pytest.approx(expected["sap_continuous"], abs=1e-9)
    assert irs_score(z, y).score == pytest.approx(expected["irs_q0.99"], abs=1e-8)
    assert irs_score(z, y, quantile=1.0).score == pytest.approx(expected["irs_q1.0"], abs=1e-8)
    assert total_correlation(z) == pytest.approx(expected["gaussian_tc"], abs=1e-9)
    assert wasserstein_correlation(z) == pytest.approx(expected["gaussian_wc"], abs=1e-9)


def test_linear_classifiers(given: tuple[Arrays, dict[str, Any]]) -> None:
    arrays, expected = given
    found = explicitness_score(*arrays)
    assert sap_svc(*arrays).score == pytest.approx(np.mean(expected["sap_discrete"]), abs=1e-3)
    assert found.train == pytest.approx(expected["explicitness_train"], abs=5e-3)
    assert found.test == pytest.approx(expected["explicitness_test"], abs=5e-3)


def test_sampled_scores(given: tuple[Arrays, dict[str, Any]]) -> None:
    arrays, expected = given
    factor = [
        factor_vae_score(*arrays, seed=seed, votes=2000, test_votes=1000) for seed in range(20)
    ]
    beta = [
        beta_vae_score(*arrays, seed=seed, differences=2000, test_differences=1000)
        for seed in range(20)
    ]
    for name, scores, tolerance in (("factor_vae", factor, 0.03), ("beta_vae", beta, 0.02)):
        on_train = np.mean([score.train for score in scores])
        on_test = np.mean([score.test for score in scores])
        assert on_train == pytest.approx(expected[f"{name}_train"], abs=tolerance)
        assert on_test == pytest.approx(expected[f"{name}_eval"], abs=tolerance)


@pytest.mark.slow
def test_gradient_boosting(given: tuple[Arrays, dict[str, Any]]) -> None:
    arrays, expected = given
    found = dci_scores(*arrays, seed=0)
    for name in ("disentanglement", "completeness"):
        assert getattr(found, name) == pytest.approx(np.mean(expected[f"dci.{name}"]), abs=3e-3)
    assert found.informativeness == pytest.approx(
        np.mean(expected["dci.informativeness_test"]), abs=3e-3
    )
    assert found.informativeness_train == pytest.approx(
        np.mean(expected["dci.informativeness_train"]), abs=3e-3
    )


def test_gradient_boosting_of_factors_with_few_values() -> None:
    z, y, z_test, y_test = case("dup")
    found = dci_scores(z, y[:, :2], z_test, y_test[:, :2], seed=0)
    # Both factors are read off codes that carry nothing else, the first one twice.
    assert found.disentanglement == pytest.approx(1.0, abs=1e-6)
    assert found.informativeness == 1.0
    assert 0.5 < found.completeness < 1


@pytest.mark.parametrize("seed", [0, *(pytest.param(k, marks=[pytest.mark.slow]) for k in (1, 2))])
def test_the_forest_tracks_gradient_boosting(seed: int) -> None:
    names = ("disentanglement", "completeness")
    scores: dict[str, list[float]] = {name: [] for name in names}
    reference: dict[str, list[float]] = {name: [] for name in names}
    for of in CASES:
        found = dci_scores(*case(of), seed=seed, variant="forest")
        for name in names:
            scores[name].append(getattr(found, name))
            reference[name].append(float(np.mean(EXPECTED[of][f"dci.{name}"])))
    for name in names:
        assert scores[name] == pytest.approx(reference[name], abs=0.05)
        assert np.argsort(scores[name]).tolist() == np.argsort(reference[name]).tolist()
