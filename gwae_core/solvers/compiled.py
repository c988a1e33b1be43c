"""An auction with costs computed on demand, compiled by numba (the optional extra ``fast``)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from gwae_core.solvers.forms import Array


def available() -> bool:
    """Whether the extra ``fast`` is installed."""
    return importlib.util.find_spec("numba") is not None


def bid_lazily(
    rows: Array, columns: Array, g: Array, *, epsilon: float, passes: int
) -> tuple[Array, Array]:
    """Auction for the assignment of least total cost C = rows @ columns, in O(n) memory.

    Each unassigned row bids for its best column (Bertsekas, 1988), from near-optimal potentials;
    what it wins is optimal to ``epsilon`` a row. The last rows would bid long for few columns, so
    the passes are limited and some rows may stay unassigned.

    Args:
        rows: (n, r).
        columns: (r, n).
        g: Column potentials to start from, (n,).
        epsilon: Least increment of a bid.
        passes: Rounds over the unassigned rows.

    Returns:
        The column of each row or -1, (n,), and the column potentials reached, (n,).
    """
    left = np.ascontiguousarray(rows, np.float64)
    right = np.ascontiguousarray(columns.T, np.float64)
    potentials = g.astype(np.float64)
    return np.asarray(_kernel()(left, right, potentials, epsilon, passes)), potentials


@cache
def _kernel() -> Callable[..., Any]:
    from numba import njit

    @njit(fastmath=True)
    def reduced(x: Any, y: Any, v: Any, i: int, out: Any) -> None:
        # C_ij - v_j for all j
        for j in range(len(v)):
            total = -v[j]
            for k in range(x.shape[1]):
                total += x[i, k] * y[j, k]
            out[j] = total

    @njit
    def bid(x: Any, y: Any, v: Any, epsilon: float, passes: int) -> Any:
        n = len(v)
        column_of = np.full(n, -1)
        row_of = np.full(n, -1)
        cost = np.empty(n)
        # rows bid for their best column at the price that makes it no better than the second best
        free = np.arange(n)
        for _ in range(passes):
            waiting = 0
            for index in range(len(free)):
                i = free[index]
                reduced(x, y, v, i, cost)
                best, first, second = -1, np.inf, np.inf
                for j in range(n):
                    if cost[j] < first:
                        best, second, first = j, first, cost[j]
                    elif cost[j] < second:
                        second = cost[j]
                v[best] -= second - first + epsilon
                previous = row_of[best]
                row_of[best], column_of[i] = i, best
                if previous >= 0:
                    column_of[previous] = -1
                    free[waiting] = previous
                    waiting += 1
            free = free[:waiting].copy()
            if waiting == 0:
                break

        return column_of

    kernel: Callable[..., Any] = bid
    return kernel
