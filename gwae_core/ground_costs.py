"""Ground costs of all pairs of points."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from gwae_core.errors import SpaceError

GroundCost = Literal["euclidean", "sqeuclidean", "cosine"]
GROUND_COSTS: tuple[GroundCost, ...] = ("euclidean", "sqeuclidean", "cosine")


def pairwise_distances(
    x: Tensor, y: Tensor | None = None, *, cost: GroundCost | str = "euclidean"
) -> Tensor:
    """Ground costs c(x_i, y_j) of all pairs, through the Gram matrix of centred data.

    ``sqeuclidean``: |x_i - y_j|^2, ``euclidean``: its root, ``cosine``: 1 - x_i.y_j / |x_i| |y_j|.
    Time O(n m p), memory O(n m + (n + m) p). Centring keeps the float32 error small where all
    points are nearly equal; a squared distance below the rounding error of the Gram matrix counts
    as zero. The diagonal is exactly zero where ``y`` is None, and the gradient at distance zero is
    zero, at first and second order. For ``cosine``, a zero vector lies at 1/2 from all others.

    Args:
        x: Points, (n, ...); trailing dimensions are flattened.
        y: Points, (m, ...), or None for the distances within ``x``.
        cost: One of ``euclidean``, ``sqeuclidean``, ``cosine``.

    Returns:
        Costs, (n, m), of the dtype and on the device of ``x``.

    Raises:
        SpaceError: Where the cost is unknown or the dimensions differ.
    """
    if cost not in GROUND_COSTS:
        raise SpaceError(
            f"unknown ground cost {cost!r}; allowed: {', '.join(GROUND_COSTS)}",
            hint="a cost of your own is a callable (x, y) -> (n, m)",
        )
    x = x.reshape(x.shape[0], -1)
    y = None if y is None else y.reshape(y.shape[0], -1)
    if y is not None and x.shape[1] != y.shape[1]:
        raise SpaceError(f"points of {x.shape[1]} and of {y.shape[1]} dimensions have no distance")
    if cost == "cosine":
        x = torch.nn.functional.normalize(x, dim=1, eps=torch.finfo(x.dtype).tiny)
        y = (
            None
            if y is None
            else torch.nn.functional.normalize(y, dim=1, eps=torch.finfo(x.dtype).tiny)
        )
        return _squared(x, y) / 2  # 1 - cos(x, y) = |x/|x| - y/|y||^2 / 2
    squared = _squared(x, y)
    if cost == "sqeuclidean":
        return squared
    zero = squared <= 0  # not `squared > 0`, which would turn NaN into a distance of zero
    # the inner `where` keeps 1/0 out of the graph, so that zero distances get a zero gradient
    return torch.where(zero, 0.0, torch.where(zero, 1.0, squared).sqrt())


def _squared(x: Tensor, y: Tensor | None) -> Tensor:
    # distances do not change under a common shift, so no gradient flows through the centre
    centre = x.detach().mean(0)
    x = x - centre
    if y is None:
        gram = x @ x.T  # (n, n)
        n_x = n_y = gram.diagonal()  # from the Gram matrix itself: an exactly zero diagonal
    else:
        y = y - centre
        gram = x @ y.T  # (n, m)
        n_x, n_y = x.square().sum(1), y.square().sum(1)
    norms = n_x[:, None] + n_y[None, :]
    squared = norms - 2 * gram
    rounding = 4 * torch.finfo(x.dtype).eps * norms.detach()
    return torch.where(squared <= rounding, 0.0, squared)
