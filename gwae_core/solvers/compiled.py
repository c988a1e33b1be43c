"""Assignment with costs computed on demand, compiled by numba (the optional extra ``fast``)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from gwae_core.solvers.forms import Array

CANDIDATES = 256
"""Columns at most that a row remembers between two looks at all of them."""


def available() -> bool:
    """Whether the extra ``fast`` is installed."""
    return importlib.util.find_spec("numba") is not None


def auction(
    rows: Array, columns: Array, prices: Array, epsilons: Iterable[float]
) -> tuple[Array, Array]:
    """The assignment of least total cost C = rows @ columns to within n times the last epsilon.

    Unassigned rows bid for their best column (Bertsekas, 1988), at falling epsilon with the prices
    kept. Prices only fall, so a row remembers its best columns with a bound on all others, and
    looks at the others again only when the best passes that bound: O(n) memory.

    Args:
        rows: (n, r).
        columns: (r, n).
        prices: Column potentials to start from, (n,).
        epsilons: What a bid exceeds the second best by, falling; in the unit of C.

    Returns:
        The column of each row, (n,), and the potentials of the columns, (n,).
    """
    prices = prices.astype(np.float64)
    sigma = _kernel()(
        np.ascontiguousarray(rows, np.float64),
        np.ascontiguousarray(columns, np.float64),
        prices,
        np.array(list(epsilons)),
        min(CANDIDATES, len(prices)),
    )
    return np.asarray(sigma), prices


@cache
def _kernel() -> Callable[..., Any]:
    from numba import njit

    @njit(fastmath=True)
    def screen(x: Any, y: Any, v: Any, i: int, out: Any) -> Any:
        # C_ij - v_j for all j in float32, and its minimum
        for j in range(len(v)):
            out[j] = -v[j]
        for k in range(len(y)):
            factor = x[i, k]
            for j in range(len(v)):
                out[j] += factor * y[k, j]
        lowest = out[0]
        for j in range(len(v)):
            lowest = min(lowest, out[j])
        return lowest

    @njit
    def collect(values: Any, limit: Any, found: Any) -> int:
        # indices of the values up to the limit, as many as there is room for
        count = 0
        for j in range(len(values)):
            found[count] = j  # without a branch, since which values are low is unpredictable
            if values[j] <= limit:
                count += 1
                if count == len(found):
                    break
        return count

    @njit
    def assign(x: Any, y: Any, v: Any, epsilons: Any, room: int) -> Any:
        n = len(v)
        x32, y32, v32 = x.astype(np.float32), y.astype(np.float32), v.astype(np.float32)
        column_of, row_of = np.full(n, -1), np.full(n, -1)
        # what a row remembers: columns, their costs, and what all others cost at least
        columns, costs = np.empty((n, room), np.int32), np.empty((n, room))
        known, bound = np.zeros(n, np.int32), np.full(n, -np.inf)
        width = np.full(n, np.float32(epsilons[0]))
        narrow = np.float32(1e-3 * epsilons[-1])
        seen, found = np.empty(n, np.float32), np.empty(room + 1, np.int32)
        queue = np.empty(n, np.int64)  # a ring
        for epsilon in epsilons:
            waiting = 0
            for i in range(n):
                if column_of[i] >= 0:
                    first, own = bound[i], np.inf
                    for k in range(known[i]):
                        price = costs[i, k] - v[columns[i, k]]
                        first = min(first, price)
                        if columns[i, k] == column_of[i]:
                            own = price
                    if own > first + epsilon:
                        row_of[column_of[i]] = -1
                        column_of[i] = -1
                if column_of[i] < 0:
                    queue[waiting] = i
                    waiting += 1
            head, tail = 0, waiting % n
            while waiting > 0:
                i = queue[head]
                head = (head + 1) % n
                waiting -= 1
                looked = False
                while True:
                    best, first, second = -1, np.inf, np.inf
                    for k in range(known[i]):
                        price = costs[i, k] - v[columns[i, k]]
                        if price < first:
                            best, second, first = columns[i, k], first, price
                        elif price < second:
                            second = price
                    if looked or first <= bound[i]:
                        break
                    looked = True
                    lowest = screen(x32, y32, v32, i, seen)
                    limit = lowest + width[i]
                    count = collect(seen, limit, found)
                    while count > room and limit > lowest:
                        width[i] *= np.float32(0.6)
                        # a width far below the last bid's size cannot tell columns apart
                        limit = lowest + width[i] if width[i] > narrow else lowest
                        count = collect(seen, limit, found)
                    count = min(count, room)  # of more ties than there is room for
                    width[i] = max(width[i], narrow)
                    bound[i] = limit
                    if count < room // 2:
                        width[i] *= np.float32(min(room / (2.0 * count), 4.0))
                    known[i] = count
                    for k in range(count):
                        cost = 0.0
                        for d in range(len(y)):
                            cost += x[i, d] * y[d, found[k]]
                        columns[i, k], costs[i, k] = found[k], cost
                # a bound that is lower than the second best asks for a smaller bid
                second = max(min(second, bound[i]), first)
                v[best] -= second - first + epsilon
                v32[best] = v[best]
                previous = row_of[best]
                row_of[best], column_of[i] = i, best
                if previous >= 0:
                    column_of[previous] = -1
                    queue[tail] = previous
                    tail = (tail + 1) % n
                    waiting += 1
        return column_of

    kernel: Callable[..., Any] = assign
    return kernel
