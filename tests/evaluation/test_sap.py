from __future__ import annotations

import itertools

import numpy as np
import pytest

from gwae_core.evaluation import sap_continuous, sap_svc

GRID = np.array(list(itertools.product(range(2), range(2), range(5))) * 4)
rng = np.random.default_rng(0)


def test_squared_correlations() -> None:
    y = rng.normal(size=(100, 2))
    z = y @ rng.normal(size=(2, 3)) + rng.normal(size=(100, 3))
    r = np.corrcoef(np.concatenate([z, y], axis=1).T)[:3, 3:]
    found = sap_continuous(z, y)
    assert found.predictability == pytest.approx(r**2, abs=1e-12)
    ordered = np.sort(r**2, axis=0)
    assert found.score == pytest.approx(np.mean(ordered[-1] - ordered[-2]))


def test_a_code_for_each_factor_has_gap_one_and_a_repeated_code_none() -> None:
    assert sap_continuous(-3 * GRID, GRID).score == pytest.approx(1.0)
    assert sap_continuous(np.tile(GRID, 2), GRID).score == pytest.approx(0.0)


def test_a_spare_code_costs_nothing() -> None:
    spare = np.concatenate([GRID, 1e-7 * rng.normal(size=(len(GRID), 1))], axis=1)
    found = sap_continuous(spare, GRID)
    assert found.score == pytest.approx(1.0)
    assert (found.predictability[3] == 0).all()


def test_accuracy_on_one_code_over_chance() -> None:
    y = GRID[:, :2]
    found = sap_svc(y, y, y, y)
    # A balanced classifier of two classes guesses one of them from a code that tells nothing.
    assert found.predictability == pytest.approx(np.array([[1.0, 0.5], [0.5, 1.0]]))
    assert found.score == pytest.approx(0.5)


def test_accuracy_is_that_of_the_test_points() -> None:
    y = GRID[:, :2]
    assert sap_svc(y, y, 1 - y, y).predictability[0, 0] == 0.0
