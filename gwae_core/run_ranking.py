"""Unsupervised ranking of runs: how well models of several seeds agree, code by code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gwae_core.comparison import Row
from gwae_core.errors import ConfigError, DataError
from gwae_core.evaluated_model import like_of
from gwae_core.evaluation.subsets import random_subset
from gwae_core.evaluation.udr import MIN_KL, Similarity, udr_scores
from gwae_core.interfaces import DataArrays, Objective
from gwae_core.model import load
from gwae_core.resuming import refuse_other_data
from gwae_core.run_data import load_data
from gwae_core.run_folder import RunFolder

POINTS = 10_000
"""Most points that are encoded, drawn from the whole data set: seeds have different splits."""
CHUNK = 1024
"""Points that are encoded at once."""
CERTAIN = 1e6
"""Stands for the divergence of a posterior that is one point, which is infinite."""


def rank_runs(
    rows: Sequence[Row], similarity: Similarity, *, allow_import: bool = False
) -> dict[Path, dict[str, float]]:
    """Scores of runs by how well they agree with the other seeds of their configuration.

    Args:
        rows: Runs that differ in the seed alone, a row each; rows of one run are left out.
        similarity: ``lasso`` or ``spearman``.
        allow_import: Whether the runs may name code to import (`type: module`).

    Returns:
        ``udr.SIMILARITY.score`` (Duan et al., 2020) and ``udr.SIMILARITY.codes``, the codes that
        carry something, by run folder.

    Raises:
        ConfigError: No row has two runs.
        DataError: The data are not those of the runs, or are the user's own.
    """
    several = [row for row in rows if len(row.runs) > 1]
    if not several:
        raise ConfigError(
            "UDR compares models of one configuration with several seeds, and every row has one",
            hint="train several seeds: gwae train CONFIG --seeds 0-4",
        )
    found: dict[Path, dict[str, float]] = {}
    for row in several:
        folders = [run.path for run in row.runs]
        models = [load(folder, allow_import=allow_import) for folder in folders]
        if models[0].config.data.type == "own":
            raise DataError(
                f"{folders[0]} was trained on data of your own, which a comparison does not have",
                hint="gwae_core.evaluation.udr.udr_scores ranks codes that you encode yourself",
            )
        arrays = load_data(models[0].config, None)
        refuse_other_data(arrays, RunFolder.open(folders[0]).read_environment())
        encoded = [_encode(model.objective, arrays) for model in models]
        ranked = udr_scores(
            [z for z, _ in encoded], [kl for _, kl in encoded], similarity=similarity
        )
        for folder, score, (_, kl) in zip(folders, ranked.scores, encoded, strict=True):
            found[folder] = {
                f"udr.{similarity}.score": float(score),
                f"udr.{similarity}.codes": float((kl > MIN_KL).sum()),
            }
    return found


@torch.inference_mode()
def _encode(
    model: Objective, arrays: DataArrays
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Posterior means (n, d) and the divergence of each code (d,)."""
    parts = list(_posteriors(model, arrays))
    mean = np.concatenate([part for part, _ in parts])
    variances = [part for _, part in parts if part is not None]
    if not variances:
        return mean, np.full(mean.shape[1], CERTAIN)
    return mean, code_divergence(mean, np.concatenate(variances))


def _posteriors(
    model: Objective, arrays: DataArrays
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64] | None]]:
    like = like_of(model)
    rows = random_subset(len(arrays.x), POINTS, seed=0)
    for start in range(0, len(rows), CHUNK):
        x = torch.from_numpy(arrays.x[rows[start : start + CHUNK]])
        posterior = model.encode(x.to(like.device, like.dtype))
        spread = posterior.log_variance
        yield (
            posterior.mean.double().cpu().numpy(),
            None if spread is None else spread.double().exp().cpu().numpy(),
        )


def code_divergence(
    mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean divergence in nats of each code's posterior from its aggregate: (d,).

    KL_d = 1/2 (log v_d - mean_n log var_nd) with v_d the variance of code d over data and noise:
    the mean Kullback-Leibler divergence of N(mean_nd, var_nd) from the normal distribution with
    the moments of all of them. Where codes follow a standard normal prior, that is the divergence
    from the prior (Duan et al., 2020); for any other prior, it is 0 just for the codes that tell
    nothing of the data.
    """
    aggregate = mean.var(axis=0) + variance.mean(axis=0)
    return np.asarray(0.5 * (np.log(aggregate) - np.log(variance).mean(axis=0)))
