"""From spaces to forms: points, kernel-PCA features or cost matrices, in one scale, in numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gwae_core.solvers.forms import Array, DenseForm, LiftedForm
from gwae_core.solvers.moments import Moments
from gwae_core.spaces import MMSpace, blocks_of


@dataclass(frozen=True)
class Side:
    """One space, centred with its weights and scaled to a mean of B's diagonal of one.

    GW's optimal couplings do not depend on the scale of either side, so each has its own.

    Attributes:
        p: Weights, (n,).
        a: Diagonal of B, (n,).
        features: X with B = X X^T, exactly or nearly, (n, d); None where B alone is known.
        b: B, (n, n), or None where the features stand for it.
        self_term: sum_ij p_i p_j c(i,j)^2.
        scale: What the features were divided by.
        exact: Whether X X^T = B.
    """

    p: Array
    a: Array
    features: Array | None
    b: Array | None
    self_term: float
    scale: float
    exact: bool


def to_numpy(x: Tensor, dtype: torch.dtype) -> Array:
    """The values on the CPU, without a graph."""
    return np.asarray(x.detach().to(device="cpu", dtype=dtype).numpy())


def side_of_moments(moments: Moments, p: Array, dtype: torch.dtype) -> Side:
    """A side of exact features: squared Euclidean costs."""
    a = to_numpy(moments.norms, dtype)
    scale = _root_mean(float(moments.mean_norm))
    unit = a.dtype.type(1 / scale)
    points = to_numpy(moments.x, dtype) * unit
    b = None if moments.gram is None else to_numpy(moments.gram, dtype) * unit**2
    self_term = float(moments.self_term) / scale**4
    return Side(p, a * unit**2, points, b, self_term, scale, True)


def side_of_costs(
    c: Tensor, p: Array, dtype: torch.dtype, *, components: int | None = None
) -> Side:
    """A side from a cost matrix, (n, n), with ``components`` kernel-PCA features if asked.

    The features are the leading eigenvectors of B = -1/2 J c J, by subspace iteration. For a cost
    of conditionally negative type, such as the Euclidean distance, B is positive semi-definite and
    they approximate it (Houry et al., 2026).
    """
    b = to_numpy(c, dtype) * -0.5
    mean = b @ p
    b -= mean[:, None]
    b -= (mean - p @ mean)[None, :]
    b = (b + b.T) / 2
    scale = _root_mean(p @ b.diagonal())
    b *= b.dtype.type(1 / scale**2)
    features = None if components is None else leading_features(b, components)
    a = b.diagonal().copy()
    self_term = 2 * (p @ np.square(a)) + 2 * (p @ a) ** 2 + 4 * (p @ np.square(b) @ p)
    return Side(p, a, features, b, float(self_term), scale, False)


def side_of_landmarks(
    space: MMSpace, p: Array, dtype: torch.dtype, *, components: int, landmarks: int
) -> Side:
    """A side from costs that are never held together: features from those to some points alone.

    The kernel-PCA features of the landmarks are extended to all points (Nyström; de Silva
    and Tenenbaum, 2004). The diagonal of B and the self term are exact, from one
    pass over all costs.

    Args:
        space: n points, all of positive weight.
        p: Weights, (n,).
        dtype: Of the side.
        components: Features at most.
        landmarks: How many points the features are computed from.
    """
    n = space.n
    rng = np.random.default_rng(0)  # a fixed subset: the same space gives the same coupling
    chosen = torch.from_numpy(rng.choice(n, min(n, landmarks), replace=False))
    chosen = chosen.to(space.like.device)
    among = to_numpy(space.block(chosen, chosen), torch.float64)
    mean = among.mean(0)
    b = -0.5 * (among - mean - mean[:, None] + mean.mean())
    values, vectors = np.linalg.eigh(b)
    kept = values > 1e-6 * values[-1]
    values, vectors = values[kept][-components:], vectors[:, kept][:, -components:]
    extension = (vectors * (-0.5 / np.sqrt(values))).astype(p.dtype)

    features = np.empty((n, len(values)), p.dtype)
    means, squares = np.empty(n), np.empty(n)
    weights = torch.from_numpy(p).to(space.like)
    for rows in blocks_of(n, n):
        costs = space.block(rows, slice(None))
        means[rows] = to_numpy(costs @ weights, torch.float64)
        squares[rows] = to_numpy(costs.square() @ weights, torch.float64)
        features[rows] = (to_numpy(costs[:, chosen], dtype) - mean.astype(p.dtype)) @ extension
    features -= p @ features
    a = means - 0.5 * float(p @ means)
    scale = _root_mean(float(p @ a))
    unit = p.dtype.type(1 / scale)
    a = (a / scale**2).astype(p.dtype)
    return Side(p, a, features * unit, None, float(p @ squares) / scale**4, scale, False)


def leading_features(b: Array, components: int) -> Array:
    """X, (n, k), with X X^T the best positive approximation of B in a leading subspace."""
    n = len(b)
    rng = np.random.default_rng(0)  # a sketch: what it draws hardly shows in the subspace
    basis = rng.standard_normal((n, min(n, components + 8)), dtype=np.float32).astype(b.dtype)
    for _ in range(3):
        basis, _ = np.linalg.qr(b @ basis)
    values, vectors = np.linalg.eigh(basis.T @ b @ basis)
    keep = np.argsort(values)[::-1][:components]
    return np.asarray(basis @ vectors[:, keep] * np.sqrt(np.maximum(values[keep], 0)))


def lifted_form(x: Side, z: Side) -> LiftedForm:
    """The form of two sides that both have features."""
    assert x.features is not None and z.features is not None
    right = z.features
    if right.shape[1] > len(right):  # no more dimensions than points are needed
        assert z.b is not None
        right = leading_features(z.b, len(right))
    use_gram = x.exact and x.b is not None
    return LiftedForm(x.features, right, x.a, z.a, _product_value(x, z), x.b if use_gram else None)


def dense_form(x: Side, z: Side) -> DenseForm:
    """The form of two sides through their full B."""
    return DenseForm(_full(x), _full(z), _product_value(x, z))


def _full(side: Side) -> Array:
    if side.b is not None:
        return side.b
    assert side.features is not None
    return np.asarray(side.features @ side.features.T)


def _product_value(x: Side, z: Side) -> float:
    cross = 8 * float(x.p @ x.a) * float(z.p @ z.a)
    return max(x.self_term + z.self_term - cross, 0.0)


def _root_mean(mean: Any) -> float:
    # a space of one point, or of copies of one, has no scale
    return float(np.sqrt(mean)) if mean > 0 else 1.0
