"""The Gromov-Wasserstein coupling of one batch, in an order in which its structure shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gwae_core.solvers import exact_gw
from gwae_core.spaces import MMSpace


def gw_plan(
    d_x: NDArray[Any], d_z: NDArray[Any], *, start: NDArray[Any] | None = None
) -> NDArray[np.float32]:
    """Coupling of least sum_ijkl |d_x(i,j) - d_z(k,l)|^2 T_ik T_jl, a local optimum of `exact_gw`.

    The coupling does not depend on the scale of either distance, because its marginals are given.

    Args:
        d_x: Distances, (n, n).
        d_z: Distances, (m, m).
        start: A coupling, (n, m), that the solver also starts from.

    Returns:
        The coupling, (n, m), of sum 1 (Peyré et al., 2016).
    """
    spaces = (
        MMSpace(distances=torch.from_numpy(np.ascontiguousarray(d, np.float64))) for d in (d_x, d_z)
    )
    starts = () if start is None else (torch.from_numpy(np.asarray(start, np.float64)),)
    plan = exact_gw(*spaces, starts=starts).plan
    assert plan is not None
    dense = plan if isinstance(plan, torch.Tensor) else plan.dense()
    return np.asarray(dense.numpy(), np.float32)


def seriation(distances: NDArray[Any]) -> NDArray[np.int64]:
    """An order of n points, (n,), that puts near ones beside each other.

    The leaves of average linkage on distances (n, n), flipped so that neighbouring leaves are as
    near as the tree allows (Bar-Joseph et al., 2001).
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(distances) < 3:
        return np.arange(len(distances), dtype=np.int64)
    symmetric = (distances + distances.T) / 2
    np.fill_diagonal(symmetric, 0)
    tree = linkage(squareform(symmetric, checks=False), "average", optimal_ordering=True)
    return np.asarray(leaves_list(tree), np.int64)
