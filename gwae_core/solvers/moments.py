"""The closed form of the objective for squared Euclidean costs, differentiable, in torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gwae_core.spaces import MMSpace, SparsePlan


def squared_features(space: MMSpace) -> Tensor | None:
    """Points whose squared Euclidean distances are the ground cost, (n, d); None without any."""
    if space.distances is not None or space.points is None:
        return None
    if space.cost == "sqeuclidean":
        return space.flat
    if space.cost == "cosine":  # 1 - cos = |x/|x| - y/|y||^2 / 2
        tiny = torch.finfo(space.points.dtype).tiny
        return torch.nn.functional.normalize(space.flat, dim=1, eps=tiny) / 2**0.5
    return None


@dataclass(frozen=True)
class Moments:
    """What one side contributes to the closed form.

    Attributes:
        x: Centred points, (n, d).
        p: Weights, (n,), held fixed.
        norms: |x_i|^2, (n,).
        gram: X X^T, (n, n), where d > n, or None.
        mean_norm: sum_i p_i |x_i|^2, 0-d.
        self_term: sum_ij p_i p_j |x_i - x_j|^4 = 2 E a^2 + 2 (E a)^2 + 4 |X^T P X|^2, 0-d.
    """

    x: Tensor
    p: Tensor
    norms: Tensor
    gram: Tensor | None
    mean_norm: Tensor
    self_term: Tensor


class _Gram(torch.autograd.Function):
    """X X^T, whose backward pass takes one matrix product where autograd's own takes two."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x @ x.T

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        x: Tensor = ctx.saved_tensors[0]
        return (gradients[0] + gradients[0].T) @ x


def moments_of(points: Tensor, p: Tensor) -> Moments:
    """Moments of points, (n, d), with weights, (n,), that are held fixed."""
    p = p.detach()
    # the closed form holds for centred points alone, so the gradient must pass through the centre
    x = points - p @ points
    if x.shape[1] > x.shape[0]:
        gram: Tensor | None = _Gram.apply(x)  # type: ignore[no-untyped-call]
        assert gram is not None
        norms = gram.diagonal()
        second = p @ gram.square() @ p
    else:
        gram = None
        norms = x.square().sum(1)
        second = (x.T @ (p[:, None] * x)).square().sum()
    mean_norm = p @ norms
    self_term = 2 * (p @ norms.square()) + 2 * mean_norm.square() + 4 * second
    return Moments(x, p, norms, gram, mean_norm, self_term)


def squared_value(x: Moments, z: Moments, plan: Tensor | SparsePlan) -> Tensor:
    """The objective at a coupling, in O(n p min(n, p)) and without any distance matrix.

    With a = |x_i|^2, b = |z_k|^2 it is s(X) + s(Z) - 4 E_T[a b] - 4 E a E b - 8 |X^T T Z|^2, where
    s is the self term.
    """
    if isinstance(plan, SparsePlan):
        rows, cols, mass = plan.rows, plan.cols, plan.mass
        coupled_x = x.x if plan.rows_in_order else x.x[rows]
        norms_x = x.norms if plan.rows_in_order else x.norms[rows]
        gamma = coupled_x.T @ (mass[:, None] * z.x[cols])  # (d_x, d_z)
        coupled = mass @ (norms_x * z.norms[cols])
    else:
        gamma = x.x.T @ (plan @ z.x)
        coupled = x.norms @ plan @ z.norms
    cross = 4 * coupled + 4 * x.mean_norm * z.mean_norm + 8 * gamma.square().sum()
    return (x.self_term + z.self_term - cross).clamp(min=0)  # rounding alone makes it negative
