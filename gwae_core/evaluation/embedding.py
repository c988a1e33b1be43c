"""Codes in two dimensions, for the eye."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Embedding:
    """Points in the plane.

    Attributes:
        points: (n, 2).
        method: ``codes`` where there are no more than two coordinates, ``t-SNE`` or ``PCA``.
    """

    points: NDArray[np.float32]
    method: str


TSNE_POINTS = (100, 1000)
"""Fewest and most points that t-SNE is used for: fewer have no neighbourhoods, more take long."""


def embed_2d(z: NDArray[Any], *, seed: int) -> Embedding:
    """Place codes (n, d) in the plane.

    Codes of one or two coordinates are shown as they are (a second coordinate of zero is added to
    one). Between 100 and 1,000 points t-SNE is used (van der Maaten & Hinton, 2008), started from
    the principal components, which else are the answer.
    """
    points = z.reshape(len(z), -1).astype(np.float64)
    n, d = points.shape
    if d <= 2:
        padded = np.pad(points, ((0, 0), (0, 2 - d)))
        return Embedding(padded.astype(np.float32), "codes")
    centred = points - points.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    components = (left * singular)[:, :2]
    components = np.pad(components, ((0, 0), (0, 2 - components.shape[1])))
    spread = float(components[:, 0].std())
    low, high = TSNE_POINTS
    if not (low <= n <= high and spread > 0):
        return Embedding(components.astype(np.float32), "PCA")

    from sklearn.manifold import TSNE

    model = TSNE(
        perplexity=30, max_iter=500, init=1e-4 * components / spread, random_state=seed, n_jobs=1
    )
    return Embedding(np.asarray(model.fit_transform(centred), np.float32), "t-SNE")
