"""Annealed Sinkhorn: entropic Gromov-Wasserstein at a falling temperature, to start exact steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gwae_core.solvers.forms import Array, QuadraticForm


@dataclass(frozen=True)
class Annealed:
    """Where annealing ends: a linear problem and its near-optimal duals.

    Attributes:
        state: What C(T) follows from, S of them.
        f: (S, n, 1).
        g: (S, 1, m).
    """

    state: Array
    f: Array
    g: Array


def anneal(
    form: QuadraticForm,
    p: Array,
    q: Array,
    state: Array,
    *,
    epsilons: Iterable[float],
    inner: int,
    g: Array | None = None,
    update: bool = True,
) -> Annealed:
    """Follow the entropic optimum while epsilon falls, for S starts as one batch.

    Each epsilon takes ``inner`` Sinkhorn iterations in the kernel domain on
    K = exp((f + g - C) / epsilon), with the scalings absorbed into f and g before the next; f is
    first set to the minimum of C - g in each row, so no row under- or overflows whatever epsilon is
    (Schmitzer, 2019). C then follows the coupling diag(u) K diag(v).

    Args:
        form: The quadratic form Q.
        p: Weights, (n,), positive.
        q: Weights, (m,), positive.
        state: The states to start from, S of them.
        epsilons: Falling temperatures, at least one, in the form's own scale.
        inner: Sinkhorn iterations at each of them.
        g: Potentials, (S, 1, m), to start from; zero where None.
        update: Whether C follows the coupling; False refines the duals of a fixed C.

    Returns:
        The last linear problem and its potentials.
    """
    starts, (n, m) = len(state), form.shape
    dtype = form.dtype.type
    p_col, q_row, q_col = p[:, None], q[None, :], q[:, None]
    f = np.zeros((starts, n, 1), form.dtype)
    g = np.zeros((starts, 1, m), form.dtype) if g is None else g
    kernel = np.empty((starts, n, m), form.dtype)
    tiny = dtype(1e-37)
    for epsilon in epsilons:
        form.exponent(state, g, -1.0 / epsilon, kernel)  # (g - C) / epsilon
        peak = kernel.max(-1, keepdims=True)
        kernel -= peak
        np.exp(kernel, out=kernel)
        v = q_col[None]
        for _ in range(inner):
            u = p_col / (kernel @ v)
            v = q_col / np.maximum(u.swapaxes(1, 2) @ kernel, tiny).swapaxes(1, 2)
        u = p_col / (kernel @ v)
        f = dtype(epsilon) * (np.log(u / p_col) - peak)
        g = g + dtype(epsilon) * np.log(v.swapaxes(1, 2) / q_row)
        if update:
            state = form.state_of_scaled(kernel, u, v)
    return Annealed(state, f, g)
