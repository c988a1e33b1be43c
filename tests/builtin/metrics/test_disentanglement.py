"""The metrics of codes against factors: names, rows, figures, and where they do not apply."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gwae_core.builtin.metrics import (
    BetaVAEMetric,
    CodeDependenceMetric,
    DCIMetric,
    ExplicitnessMetric,
    FactorVAEMetric,
    IRSMetric,
    MIGMetric,
    ModularityMetric,
    SAPMetric,
)
from gwae_core.evaluation import (
    dci_scores,
    irs_score,
    mean_mutual_information,
    mig_score,
    random_subset,
    sap_continuous,
    sap_svc,
)
from gwae_core.interfaces import Evaluated, Metric, MetricInput

WITH_FACTORS: tuple[type[Metric], ...] = (
    DCIMetric,
    MIGMetric,
    SAPMetric,
    ModularityMetric,
    ExplicitnessMetric,
    IRSMetric,
    FactorVAEMetric,
    BetaVAEMetric,
)
rng = np.random.default_rng(0)
Y = np.stack([rng.integers(0, k, 500) for k in (3, 4)], axis=1).astype(np.float64)
Z = np.concatenate([Y, rng.normal(size=(500, 1))], axis=1) + 0.2 * rng.normal(size=(500, 3))


def made(metric: type[Metric], **settings: Any) -> Metric:
    return metric(metric.Config(**settings))


def given(z: np.ndarray = Z, y: np.ndarray | None = Y, seed: int = 0) -> MetricInput:
    x = np.zeros((len(z), 1))
    return MetricInput(
        model=None,  # type: ignore[arg-type]
        train=Evaluated(x[:300], z[:300], x[:300], factors=None if y is None else y[:300]),
        test=Evaluated(x[300:], z[300:], x[300:], factors=None if y is None else y[300:]),
        seed=seed,
    )


every_metric = pytest.mark.parametrize("metric", WITH_FACTORS, ids=lambda metric: metric.name())


@every_metric
def test_good_codes_score_high_under_names_with_a_direction(metric: type[Metric]) -> None:
    found = made(metric).compute(given())
    numbers = {name: v for name, v in found.items() if not isinstance(v, np.ndarray)}
    assert {name.rpartition(".")[2] for name in numbers} == set(metric.better)
    assert all(0.35 < value <= 1 for value in numbers.values())
    assert set(metric.better.values()) == {"higher"}


@every_metric
@pytest.mark.parametrize(
    "data",
    [
        given(y=None),
        replace(given(), test=given(y=None).test),
        given(y=Y[:, :1]),
        given(y=np.stack([Y[:, 0], np.ones(500)], axis=1)),
        given(z=Z[:, :1]),
        replace(given(), test=Evaluated(Z[:0], Z[:0], Z[:0], factors=Y[:0])),
    ],
    ids=["no factors", "none in one split", "one", "one varies", "one code", "no rows"],
)
def test_without_what_it_compares_it_does_not_apply(
    metric: type[Metric], data: MetricInput
) -> None:
    assert not made(metric).applies(data)
    assert made(metric).applies(given())


@pytest.mark.parametrize("metric", [FactorVAEMetric, BetaVAEMetric])
def test_splits_smaller_than_a_batch_have_no_sampled_score(metric: type[Metric]) -> None:
    assert made(metric, batch_size=200).applies(given())
    assert not made(metric, batch_size=201).applies(given())


@every_metric
def test_a_factor_of_one_value_is_left_out(metric: type[Metric]) -> None:
    still = np.stack([Y[:, 0], np.full(500, 3.0), Y[:, 1]], axis=1)
    whole, without = (made(metric).compute(given(y=y)) for y in (still, Y))
    for name, value in without.items():
        if isinstance(value, np.ndarray):
            assert (whole[name][:, 1] == 0).all()  # type: ignore[index]
            assert np.array_equal(whole[name][:, [0, 2]], value)  # type: ignore[index]
        else:
            assert whole[name] == value


def test_numbers_are_those_of_the_rows_drawn_by_the_seed() -> None:
    train = random_subset(300, 120, seed=4)
    test = 300 + random_subset(200, 80, seed=4)
    data = given(seed=4)
    found = made(DCIMetric, num_train=120, num_test=80).compute(data)
    expected = dci_scores(Z[train], Y[train], Z[test], Y[test], seed=4, variant="forest")
    assert found["forest.disentanglement"] == expected.disentanglement
    assert found["forest.completeness"] == expected.completeness
    assert found["forest.informativeness"] == expected.informativeness
    assert np.array_equal(found["forest.importance"], expected.importance)
    sap = made(SAPMetric, num_train=120, num_test=80).compute(data)
    assert sap["svc"] == sap_svc(Z[train], Y[train], Z[test], Y[test]).score
    assert sap["continuous"] == sap_continuous(Z[test], Y[test]).score
    mig = made(MIGMetric, num_test=80).compute(data)
    assert mig["score"] == mig_score(Z[test], Y[test]).score
    assert mig["mutual_information"].shape == (3, 2)  # type: ignore[union-attr]
    irs = made(IRSMetric, num_test=80, quantile=1.0).compute(data)
    assert irs["score"] == irs_score(Z[test], Y[test], quantile=1.0).score


def test_gradient_boosting_is_named_apart() -> None:
    data = given(y=(Y > 1).astype(float))
    found = made(DCIMetric, variant="gbt", num_train=100).compute(data)
    assert set(found) == {
        f"gbt.{name}"
        for name in ("disentanglement", "completeness", "informativeness", "importance")
    }


@every_metric
def test_codes_that_do_not_fit_training_are_judged_low_on_the_test_split(
    metric: type[Metric],
) -> None:
    noise = Z.copy()
    noise[300:] = rng.normal(size=(200, 3))
    name = next(iter(metric.better))
    good, bad = (made(metric).compute(given(z=z)) for z in (Z, noise))
    key = next(k for k in good if k.rpartition(".")[2] == name)
    if metric is DCIMetric:  # its importances are those of the training rows
        key = "forest.informativeness"
    assert bad[key] < good[key]  # type: ignore[operator]


def test_dependence_needs_no_factors_and_two_codes() -> None:
    metric = made(CodeDependenceMetric, num_test=100)
    data = given(y=None, seed=2)
    assert metric.applies(data)
    assert not metric.applies(given(z=Z[:, :1]))
    rows = 300 + random_subset(200, 100, seed=2)
    found = metric.compute(data)
    assert found["mutual_information"] == mean_mutual_information(Z[rows])
    doubled = np.concatenate([Z, Z[:, :1] + 0.1 * rng.normal(size=(500, 1))], axis=1)
    more = metric.compute(given(z=doubled, y=None, seed=2))
    assert all(more[name] > found[name] for name in metric.better)  # type: ignore[operator]
