"""Assignment with costs computed on demand, compiled by numba (the optional extra ``fast``)."""

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


def assign_lazily(rows: Array, columns: Array, g: Array, *, passes: int = 20) -> Array:
    """The assignment of least total cost C = rows @ columns, in O(n) memory.

    Unassigned rows bid for their best column (Bertsekas, 1988) from near-optimal potentials; the
    few that are left after some passes take shortest augmenting paths (Jonker and Volgenant, 1987).

    Args:
        rows: (n, r).
        columns: (r, n).
        g: Column potentials to start from, (n,).
        passes: Rounds of bidding.

    Returns:
        The column of each row, (n,).
    """
    left = np.ascontiguousarray(rows, np.float64)
    right = np.ascontiguousarray(columns.T, np.float64)
    return np.asarray(_kernel()(left, right, g.astype(np.float64), passes))


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
    def assign(x: Any, y: Any, v: Any, passes: int) -> Any:
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
                v[best] -= second - first
                previous = row_of[best]
                row_of[best], column_of[i] = i, best
                if previous >= 0:
                    column_of[previous] = -1
                    free[waiting] = previous
                    waiting += 1
            free = free[:waiting].copy()
            if waiting == 0:
                break

        # shortest augmenting paths for the rows that are left
        shortest = np.empty(n)
        parent = np.empty(n, np.int64)
        remaining = np.empty(n, np.int64)
        done = np.empty(n, np.int64)
        for start in free:
            for j in range(n):
                shortest[j] = np.inf
                remaining[j] = j
            left, finished, i, reach, sink = n, 0, start, 0.0, -1
            while sink < 0:
                reduced(x, y, v, int(i), cost)
                base = cost[column_of[i]] if column_of[i] >= 0 else cost.min()
                lowest, at = np.inf, -1
                for index in range(left):
                    j = remaining[index]
                    length = reach + cost[j] - base
                    if length < shortest[j]:
                        shortest[j] = length
                        parent[j] = i
                    if shortest[j] < lowest or (shortest[j] == lowest and row_of[j] < 0):
                        lowest, at = shortest[j], index
                reach = lowest
                j = remaining[at]
                left -= 1
                remaining[at] = remaining[left]
                if row_of[j] < 0:
                    sink = j
                else:
                    done[finished] = j
                    finished += 1
                    i = row_of[j]
            for index in range(finished):
                v[done[index]] += shortest[done[index]] - reach
            j = sink
            while True:
                i = parent[j]
                row_of[j] = i
                j, column_of[i] = column_of[i], j
                if i == start:
                    break
        return column_of

    kernel: Callable[..., Any] = assign
    return kernel
