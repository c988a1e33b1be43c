"""Pairwise exchanges: a finer neighbourhood than linear steps, for permutations of few points."""

from __future__ import annotations

import numpy as np

from gwae_core.solvers.descent import Descent
from gwae_core.solvers.forms import Array, DenseForm, Entries


def exchange(form: DenseForm, descent: Descent) -> Descent:
    """Swap two partners of a permutation as long as that lowers Q; each sweep takes O(n^3).

    All n (n - 1) / 2 exchanges are judged at once: with M = B_z permuted, the gain of swapping r
    and s follows from the matrix product B_x M (Taillard, 1991).

    Args:
        form: The quadratic form, of n and n points.
        descent: A coupling to start from; anything but a permutation is returned as it is.
    """
    plan = descent.plan
    n = form.shape[0]
    if not plan.ordered or n < 2:
        return descent
    sigma = plan.cols.copy()
    value, swaps = descent.value, 0
    rounding = 8 * float(np.finfo(form.dtype).eps) * (abs(value) + form.product_value)
    while True:
        change = _changes(form, sigma)
        r, s = np.unravel_index(int(change.argmin()), change.shape)
        if change[r, s] >= -rounding:
            break
        sigma[[r, s]] = sigma[[s, r]]
        value += float(change[r, s])
        swaps += 1
    if not swaps:
        return descent
    swapped = Entries(plan.rows, sigma, plan.mass, plan.shape, ordered=True)
    return Descent(swapped, value, descent.converged, descent.n_iter + swaps)


def _changes(form: DenseForm, sigma: Array) -> Array:
    # what Q changes by when rows r and s swap their partners, (n, n)
    n = len(sigma)
    x, m = form.b_x, form.b_z[sigma][:, sigma]
    a, b = form.a, form.b[sigma]
    product = x @ m
    own = product.diagonal()
    gain = product + product.T - own[:, None] - own[None, :]
    gain -= (a[:, None] - x) * (m - b[:, None]) + (x - a[None, :]) * (b[None, :] - m)
    gain = 2 * gain + (a[:, None] - a[None, :]) * (b[None, :] - b[:, None])
    linear = (a[:, None] - a[None, :]) * (b[None, :] - b[:, None])
    return np.asarray(-4 / n * linear - 8 / n**2 * gain)
