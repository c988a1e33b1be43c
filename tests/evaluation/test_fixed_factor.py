"""Draws with one factor held, and the two scores that are made of them."""

from __future__ import annotations

import numpy as np
import pytest

from gwae_core.errors import DataError
from gwae_core.evaluation import beta_vae_score, factor_vae_score
from gwae_core.evaluation.fixed_factor import FixedFactor, pieces

rng = np.random.default_rng(0)
Y = np.stack([rng.integers(0, k, 600) for k in (2, 3, 5)], axis=1)


def draws(y: np.ndarray = Y, batch_size: int = 16) -> FixedFactor:
    return FixedFactor(y, batch_size, generator=np.random.default_rng(1))


def test_a_batch_shares_one_value_and_the_rest_is_free() -> None:
    factors, rows = draws().batches(400)
    assert rows.shape == (400, 16)
    for j in range(3):
        of_factor = Y[rows[factors == j]]  # (count, 16, 3)
        assert (of_factor[..., j] == of_factor[:, :1, j]).all()
        assert set(of_factor[:, 0, j]) == set(Y[:, j])
        for other in {0, 1, 2} - {j}:
            share = np.bincount(of_factor[..., other].ravel()) / of_factor[..., other].size
            assert share == pytest.approx(np.bincount(Y[:, other]) / 600, abs=0.08)


def test_pairs_share_the_value_of_the_batch_s_factor() -> None:
    factors, first, second = draws().pairs(400)
    held = factors[:, None]
    assert (Y[first, held] == Y[second, held]).all()
    assert len(np.unique(Y[first[factors == 2]][..., 2])) == 5
    other = (held + 1) % 3
    assert (Y[first, other] == Y[second, other]).mean() < 0.6
    assert len(np.unique(first)) == 600


def test_a_value_that_is_there_once_gives_a_batch_of_one_row() -> None:
    y = Y.copy()
    y[7] = [9, 9, 9]
    _, rows = draws(y).batches(4000)
    lone = rows[(y[rows[:, 0]] == 9).any(axis=1)]
    assert len(lone) and (lone == 7).all()


def test_a_continuous_factor_is_held_within_a_bin() -> None:
    y = np.random.default_rng(2).random((600, 2))
    factors, rows = draws(y).batches(100)
    held = y[rows, factors[:, None]]
    assert 0 < np.ptp(held, axis=1).max() <= 0.05


def test_pieces_make_the_whole() -> None:
    assert pieces(2500) == [1000, 1000, 500]
    assert pieces(0) == []


def test_a_batch_of_one_point_is_refused() -> None:
    with pytest.raises(DataError, match="at least 2"):
        draws(batch_size=1)


SIZES = {"votes": 400, "test_votes": 300}
DIFFERENCES = {"differences": 400, "test_differences": 300}


def test_codes_that_are_the_factors_are_recognised() -> None:
    z = np.concatenate([Y, rng.normal(size=(600, 1))], axis=1).astype(float)
    factor = factor_vae_score(z, Y, z, Y, seed=0, **SIZES)
    beta = beta_vae_score(z, Y, z, Y, seed=0, **DIFFERENCES)
    assert (factor.train, factor.test) == (1.0, 1.0)
    assert np.count_nonzero(factor.votes, axis=1).tolist() == [1, 1, 1, 0]
    assert (beta.train, beta.test) == (1.0, 1.0)


def test_noise_is_at_chance() -> None:
    z = rng.normal(size=(600, 4))
    assert factor_vae_score(z, Y, z, Y, seed=0).test == pytest.approx(1 / 3, abs=0.08)
    other = rng.normal(size=(600, 4))
    assert beta_vae_score(z, Y, other, Y, seed=0).test == pytest.approx(1 / 3, abs=0.08)


def test_a_code_of_small_scale_is_left_out_of_the_votes() -> None:
    z = np.concatenate([Y, rng.normal(size=(600, 1))], axis=1).astype(float)
    z[:, 2] *= 0.01
    found = factor_vae_score(z, Y, z, Y, seed=0, **SIZES)
    assert found.votes[2].sum() == 0 and found.votes.sum() == 400
    assert found.test < 1
    assert factor_vae_score(0.01 * z, Y, z, Y, seed=0, **SIZES).test == 0.0


def test_seeds_tell_the_draws() -> None:
    z = Y @ rng.normal(size=(3, 3)) + rng.normal(size=(600, 3))
    for score, settings in ((factor_vae_score, SIZES), (beta_vae_score, DIFFERENCES)):
        a, b, c = (score(z, Y, z, Y, seed=seed, **settings).test for seed in (1, 1, 2))
        assert a == b != c
