"""Unsupervised disentanglement ranking: which of several models to trust, without factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError
from gwae_core.evaluation.codes_and_factors import checked_codes

MIN_KL = 0.01
"""Divergence from the prior, in nats, up to which a code is left out."""

Similarity = Literal["lasso", "spearman"]


@dataclass(frozen=True)
class UDR:
    """Ranking scores of models.

    Attributes:
        scores: Median of each model's column without its own entry, (models,).
        pairwise: Agreement of models i and j, j's codes predicted from i's; 0 on the diagonal,
            (models, models).
    """

    scores: NDArray[np.float64]
    pairwise: NDArray[np.float64]


def udr_scores(
    codes: Sequence[NDArray[Any]],
    divergences: Sequence[NDArray[Any]],
    *,
    similarity: Similarity = "lasso",
) -> UDR:
    """How well models of several seeds agree code by code (Duan et al., 2020).

    R_ab is the similarity of code a of one model and code b of another: the absolute coefficient of
    a lasso (alpha 0.1) from all codes of the first to code b, or |Spearman's correlation|, on
    standardised codes. Codes that the posterior leaves at the prior are dropped. The agreement is
    half the sum of mean_b max_a R_ab^2 / sum_a R_ab and the same with a and b exchanged: 1 where
    each code has one partner and is alike to no other code. A model's score is the median over the
    other models.

    Args:
        codes: Codes of the same points by each model, (n, L) each; L may differ.
        divergences: Mean Kullback-Leibler divergence of each code's posterior from the prior in
            nats, (L,) each; a code of 0.01 or less is dropped, and so is a constant one.
        similarity: What R is.

    Returns:
        Scores in [0, 1] where R is a correlation; the agreement with a model whose codes are all
        dropped is 0.

    Raises:
        DataError: There are fewer than two models, or their shapes do not fit.
    """
    models = _kept(codes, divergences)
    count = len(models)
    pairwise = np.zeros((count, count))
    for i, j in np.ndindex(count, count):
        if i != j and models[i].shape[1] and models[j].shape[1]:
            pairwise[i, j] = _agreement(_SIMILARITIES[similarity](models[i], models[j]))
    scores = [float(np.median(np.delete(pairwise[:, j], j))) for j in range(count)]
    return UDR(np.array(scores), pairwise)


def _kept(
    codes: Sequence[NDArray[Any]], divergences: Sequence[NDArray[Any]]
) -> list[NDArray[np.float64]]:
    """Standardised codes without those that are dropped."""
    if len(codes) < 2 or len(codes) != len(divergences):
        raise DataError(
            f"codes and divergences of at least 2 models are needed, got {len(codes)} and "
            f"{len(divergences)}",
            hint="train several seeds: gwae train CONFIG --seeds 0-4",
        )
    kept = []
    for k, (given, divergence) in enumerate(zip(codes, divergences, strict=True)):
        z, kl = checked_codes(given), np.asarray(divergence, dtype=np.float64)
        if len(z) != len(codes[0]):
            raise DataError(
                f"model {k} has codes of {len(z)} points and model 0 of {len(codes[0])}",
                hint="encode the same points with every model",
            )
        if kl.shape != (z.shape[1],) or not np.isfinite(kl).all():
            raise DataError(
                f"the divergences of model {k} must be {z.shape[1]} finite numbers, one a code, "
                f"got shape {kl.shape}",
                hint="take the mean over points of each coordinate's divergence from the prior",
            )
        z = z[:, (kl > MIN_KL) & (z.min(axis=0) < z.max(axis=0))]
        kept.append((z - z.mean(axis=0)) / z.std(axis=0))
    return kept


def _agreement(similarity: NDArray[np.float64]) -> float:
    return 0.5 * (_one_to_one(similarity) + _one_to_one(similarity.T))


def _one_to_one(similarity: NDArray[np.float64]) -> float:
    """Mean over columns of max^2 / sum, 0 for a column without any similarity."""
    total = similarity.sum(axis=0)
    share = np.square(similarity.max(axis=0)) / np.where(total > 0, total, 1.0)
    return float(share.mean())


def _lasso(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    from sklearn.linear_model import Lasso

    fitted = Lasso(alpha=0.1).fit(a, b).coef_
    return np.abs(np.reshape(fitted, (b.shape[1], a.shape[1]))).T


def _spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    ranks = [rankdata(z, axis=0) for z in (a, b)]
    x, y = ((r - r.mean(axis=0)) / r.std(axis=0) for r in ranks)
    return np.asarray(np.abs(x.T @ y) / len(x))


_SIMILARITIES = {"lasso": _lasso, "spearman": _spearman}
