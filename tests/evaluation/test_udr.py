from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso

from gwae_core.errors import DataError
from gwae_core.evaluation import udr_scores

rng = np.random.default_rng(0)
Z = rng.normal(size=(400, 3))
MIXED = Z @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
ON = np.ones(3)


def agreement(r: np.ndarray) -> float:
    a = np.mean([max(column) ** 2 / sum(column) for column in r.T])
    b = np.mean([max(row) ** 2 / sum(row) for row in r])
    return float(a + b) / 2


def standardised(z: np.ndarray) -> np.ndarray:
    return (z - z.mean(axis=0)) / z.std(axis=0)


def test_lasso_predicts_the_second_model_from_the_first() -> None:
    other = standardised(MIXED + 0.5 * rng.normal(size=Z.shape))
    r = np.stack([np.abs(Lasso(alpha=0.1).fit(standardised(Z), b).coef_) for b in other.T], axis=1)
    found = udr_scores([Z, other], [ON, ON])
    assert found.pairwise[0, 1] == pytest.approx(agreement(r), abs=1e-6)
    assert found.scores == pytest.approx([found.pairwise[1, 0], found.pairwise[0, 1]])


def test_spearman_is_that_of_scipy() -> None:
    other = np.exp(MIXED[:, :2])  # ranks do not see it
    r = np.abs(spearmanr(Z, MIXED[:, :2]).statistic[:3, 3:])
    found = udr_scores([Z, other], [ON, ON[:2]], similarity="spearman")
    assert found.pairwise[0, 1] == pytest.approx(agreement(r), abs=1e-9)
    assert found.pairwise[1, 0] == pytest.approx(found.pairwise[0, 1])


def test_models_that_agree_up_to_order_and_sign_rank_above_a_rotated_one() -> None:
    white = np.linalg.qr(Z - Z.mean(axis=0))[0]
    models = [white, -2 * white[:, [1, 2, 0]], white[:, ::-1] + 1.0, MIXED]
    for similarity in ("lasso", "spearman"):
        found = udr_scores(models, [ON] * 4, similarity=similarity)  # type: ignore[arg-type]
        assert found.scores[:3].min() > 0.85 > 0.7 > found.scores[3]
    # A lasso takes its penalty off each coefficient of uncorrelated codes.
    found = udr_scores(models, [ON] * 4)
    assert found.pairwise[0, 1] == pytest.approx(0.9, abs=1e-6)


def test_the_score_is_the_median_over_the_other_models() -> None:
    models = [Z, MIXED, Z + 0.3 * rng.normal(size=Z.shape), rng.normal(size=Z.shape)]
    found = udr_scores(models, [ON] * 4)
    for j in range(4):
        others = [found.pairwise[i, j] for i in range(4) if i != j]
        assert found.scores[j] == pytest.approx(sorted(others)[1])
    assert (np.diag(found.pairwise) == 0).all()


def test_codes_at_the_prior_and_constant_codes_are_dropped() -> None:
    wide = np.concatenate([Z, rng.normal(size=(400, 1))], axis=1)
    dead = np.concatenate([Z, np.full((400, 1), 2.0)], axis=1)
    expected = udr_scores([Z, MIXED], [ON, ON]).pairwise
    low = np.array([1, 1, 1, 0.01])
    assert udr_scores([wide, MIXED], [low, ON]).pairwise == pytest.approx(expected)
    assert udr_scores([dead, MIXED], [np.ones(4), ON]).pairwise == pytest.approx(expected)
    assert udr_scores([Z, MIXED], [0 * ON, ON]).scores.tolist() == [0.0, 0.0]


def test_models_that_tell_nothing_of_each_other_score_zero_with_a_lasso() -> None:
    free = np.linalg.qr(np.concatenate([np.ones((400, 1)), rng.normal(size=(400, 6))], axis=1))[0]
    assert udr_scores([free[:, 1:4], free[:, 4:]], [ON, ON]).scores == pytest.approx([0, 0])


@pytest.mark.parametrize(
    ("codes", "divergences", "message"),
    [
        ([Z], [ON], "at least 2 models are needed, got 1 and 1"),
        ([Z, Z], [ON], "got 2 and 1"),
        ([Z, Z[:-1]], [ON, ON], "model 1 has codes of 399 points and model 0 of 400"),
        ([Z, Z], [ON, ON[:2]], "divergences of model 1 must be 3 finite numbers"),
        ([Z, Z], [ON, ON * np.nan], "must be 3 finite numbers"),
        ([Z, Z * np.nan], [ON, ON], "codes must be finite"),
    ],
)
def test_models_that_do_not_fit_are_refused(
    codes: list[np.ndarray], divergences: list[np.ndarray], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        udr_scores(codes, divergences)
