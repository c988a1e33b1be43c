from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from gwae_core.errors import DataError
from gwae_core.evaluation import (
    beta_vae_score,
    dci_scores,
    explicitness_score,
    factor_vae_score,
    irs_score,
    mean_mutual_information,
    mig_score,
    modularity_score,
    sap_continuous,
    sap_svc,
    total_correlation,
    wasserstein_correlation,
)

rng = np.random.default_rng(0)
Y = np.stack([rng.integers(0, 3, 300), rng.integers(0, 4, 300)], axis=1)
Z = np.concatenate([Y, rng.normal(size=(300, 1))], axis=1) + 0.1 * rng.normal(size=(300, 3))


def split(score: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
    return lambda z, y: score(z[:200], y[:200], z[200:], y[200:], **settings)


SCORES: dict[str, Callable[..., Any]] = {
    "dci.forest": split(dci_scores, seed=0, variant="forest"),
    "dci.gbt": split(dci_scores, seed=0, variant="gbt"),
    "mig": mig_score,
    "sap.svc": split(sap_svc),
    "sap.continuous": sap_continuous,
    "modularity": modularity_score,
    "explicitness": split(explicitness_score),
    "irs": irs_score,
    "factor_vae": split(factor_vae_score, seed=0, votes=200, test_votes=100),
    "beta_vae": split(beta_vae_score, seed=0, differences=200, test_differences=100),
}
ALONE = {
    "total_correlation": total_correlation,
    "wasserstein_correlation": wasserstein_correlation,
    "mutual_information": mean_mutual_information,
}

every_score = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
every_quick_score = pytest.mark.parametrize(
    "score",
    [
        pytest.param(score, id=name, marks=[pytest.mark.slow] if name == "dci.gbt" else [])
        for name, score in SCORES.items()
    ],
)


def numbers(found: Any) -> list[np.ndarray]:
    return [np.asarray(value) for value in vars(found).values()]


def nan_at(values: np.ndarray, row: int, column: int) -> np.ndarray:
    values = values.astype(float)
    values[row, column] = np.nan
    return values


@every_score
@pytest.mark.parametrize(
    ("z", "y", "message"),
    [
        (nan_at(Z, 7, 1), Y, "codes must be finite, got nan in row 7, column 1"),
        (Z, nan_at(Y, 9, 0), "factors must be finite, got nan in row 9, column 0"),
        (Z[:, :1], Y, "at least 2 codes, got 1"),
        (Z, Y[:, :1], "at least 2 factors, got 1"),
        (Z, np.stack([Y[:, 0], np.full(300, 5)], axis=1), "factor 1 has one value only, 5,"),
        (Z, Y.astype(str), "factors must be numbers, got <U"),
    ],
    ids=["NaN code", "NaN factor", "one code", "one factor", "one value", "strings"],
)
def test_what_has_no_score_is_refused(
    score: Callable[..., Any], z: np.ndarray, y: np.ndarray, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        score(z, y)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["mig", "sap.continuous", "modularity", "irs"])
def test_arrays_that_do_not_belong_together_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="codes of 300 points and factors of 299"):
        SCORES[name](Z, Y[:-1])
    with pytest.raises(DataError, match=r"array \(points, factors\), got shape \(300,\)"):
        SCORES[name](Z, Y[:, 0])
    with pytest.raises(DataError, match="at least 2 points, got 1"):
        SCORES[name](Z[:1], Y[:1])
    with pytest.raises(DataError, match="at least 2 points, got 0"):
        SCORES[name](Z[:0], Y[:0])


@pytest.mark.parametrize(
    "score",
    [
        partial(dci_scores, seed=0),
        sap_svc,
        explicitness_score,
        partial(factor_vae_score, seed=0),
        partial(beta_vae_score, seed=0),
    ],
)
def test_a_test_split_of_other_codes_or_factors_is_refused(score: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="have 3 codes and test points 2"):
        score(Z, Y, Z[:, :2], Y)
    with pytest.raises(DataError, match="have 2 factors and test points 3"):
        score(Z, Y, Z, np.concatenate([Y, Y[:, :1]], axis=1))


@every_score
def test_a_constant_code_has_a_defined_value(score: Callable[..., Any]) -> None:
    dead = Z.copy()
    dead[:, 2] = 0.1
    assert all(np.isfinite(value).all() for value in numbers(score(dead, Y)))


@every_score
def test_codes_that_are_all_constant_have_a_defined_value(score: Callable[..., Any]) -> None:
    assert all(np.isfinite(value).all() for value in numbers(score(np.full_like(Z, 0.1), Y)))


@every_quick_score
def test_continuous_factors_have_a_defined_value(score: Callable[..., Any]) -> None:
    y = np.random.default_rng(1).normal(size=Y.shape)
    z = np.concatenate([y, Z[:, 2:]], axis=1)
    assert all(np.isfinite(value).all() for value in numbers(score(z, y)))


@every_quick_score
def test_scores_do_not_see_the_precision_or_the_numbers_of_a_class(
    score: Callable[..., Any],
) -> None:
    found = numbers(score(Z, Y))
    for y in (Y.astype(np.float32), 2 * Y - 10):
        for value, other in zip(found, numbers(score(Z, y)), strict=True):
            assert other == pytest.approx(value, abs=1e-12)


@every_quick_score
def test_the_order_in_memory_changes_nothing(score: Callable[..., Any]) -> None:
    found = numbers(score(np.asfortranarray(Z), np.asfortranarray(Y)))
    for value, other in zip(numbers(score(Z, Y)), found, strict=True):
        assert np.array_equal(value, other)


@pytest.mark.parametrize("score", ALONE.values(), ids=ALONE)
def test_scores_without_factors_refuse_and_define(score: Callable[..., float]) -> None:
    with pytest.raises(DataError, match="at least 2 codes, got 1"):
        score(Z[:, :1])
    with pytest.raises(DataError, match="codes must be finite"):
        score(nan_at(Z, 0, 0))
    dead = np.concatenate([Z, np.full((300, 1), 3.0)], axis=1)
    assert np.isfinite(score(dead))
    assert score(np.full_like(Z, 2.0)) == 0.0


@pytest.mark.parametrize("name", ["factor_vae", "beta_vae"])
def test_fewer_points_than_a_batch_are_refused(name: str) -> None:
    score = {"factor_vae": factor_vae_score, "beta_vae": beta_vae_score}[name]
    with pytest.raises(DataError, match="at most all 50 points, got 64"):
        score(Z[:200], Y[:200], Z[200:250], Y[200:250], seed=0)


def test_a_quantile_that_is_none_is_refused() -> None:
    for quantile in (0.0, 1.5, float("nan")):
        with pytest.raises(DataError, match="quantile must be above 0"):
            irs_score(Z, Y, quantile=quantile)


def test_too_few_differences_are_refused() -> None:
    with pytest.raises(DataError, match="at least 100 differences"):
        split(beta_vae_score, seed=0, differences=10)(Z, Y)


def test_a_value_that_only_the_test_points_have_counts_as_wrong() -> None:
    y_test = Y[200:].copy()
    y_test[:, 0] = 99
    for found in (
        dci_scores(Z[:200], Y[:200], Z[200:], y_test, seed=0, variant="forest").informativeness,
        float(sap_svc(Z[:200], Y[:200], Z[200:], y_test).predictability[:, 0].max()) / 2 + 0.5,
    ):
        assert found <= 0.5
    # The only class of the factor is no contrast: it counts as chance.
    assert 0.5 < explicitness_score(Z[:200], Y[:200], Z[200:], y_test).test <= 0.75
