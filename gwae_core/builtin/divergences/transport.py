"""Entropic optimal transport between two small weighted samples: potentials, then the dual."""

from __future__ import annotations

import math

import torch
from torch import Tensor

BLOCK = 10
"""Updates of the scalings between two stabilisations; each of these costs as much as five."""
ANNEALING = 0.25
"""Factor between two values of epsilon on the way down from the largest cost."""


def softmin(cost: Tensor, potential: Tensor, log_weights: Tensor, epsilon: float) -> Tensor:
    """- eps log sum_j w_j exp((h_j - C_ij) / eps): the potential of exact row sums, (n,)."""
    return -epsilon * torch.logsumexp((potential - cost) / epsilon + log_weights, dim=1)


def dual_value(
    cost: Tensor, a: Tensor, b: Tensor, f: Tensor, g: Tensor, *, epsilon: float
) -> Tensor:
    """The dual of min_T <T, C> + eps KL(T | a b^T) at potentials f (n,) and g (m,): a 0-d tensor.

    <a, f> + <b, g> - eps sum_ij a_i b_j [exp((f_i + g_j - C_ij) / eps) - 1]. With the optimal
    potentials held fixed, its gradient with respect to C, a and b is that of the optimal value
    (envelope theorem); elsewhere it is a lower bound whose error is of second order.
    """
    density = _density(cost, f, g, epsilon)  # (n, m)
    return a @ f + b @ g - epsilon * (a @ density @ b - a.sum() * b.sum())


def _density(cost: Tensor, f: Tensor, g: Tensor, epsilon: float) -> Tensor:
    """exp((f_i + g_j - C_ij) / eps), the density of the plan with respect to a b^T, (n, m).

    It is at most 1 / max(a_i, b_j) at the optimum; the bound keeps infinity away from pairs of
    points without weight.
    """
    bound = -math.log(torch.finfo(cost.dtype).tiny)
    return torch.exp(((f[:, None] + g - cost) / epsilon).clamp(max=bound))


def self_potential(
    cost: Tensor, a: Tensor, *, epsilon: float, tolerance: float, max_iterations: int
) -> Tensor:
    """The potential f (n,) of a sample and itself: f = softmin(f), by averaged updates.

    The averaged map contracts by 1/2 or better, so this needs no annealing.
    """
    log_a = a.log()
    f = torch.zeros_like(a)
    for _ in range(max_iterations):
        step = softmin(cost, f, log_a, epsilon) - f
        f = f + step / 2
        if float(a @ step.abs()) <= tolerance * epsilon:
            break
    return f


def potentials(
    cost: Tensor,
    a: Tensor,
    b: Tensor,
    *,
    start: Tensor,
    epsilon: float,
    tolerance: float,
    max_iterations: int,
) -> tuple[Tensor, Tensor]:
    """The optimal potentials f (n,) and g (m,) of min_T <T, C> + eps KL(T | a b^T).

    Sinkhorn's iterations (Cuturi, 2013) in blocks: log-domain updates, which also measure the
    error, then cheap updates of the scalings around them (Schmitzer, 2019). They start from the
    better, by the dual value, of `start` and of an annealing from the largest cost.

    Args:
        cost: C, (n, m).
        a: Weights, non-negative with sum 1, (n,).
        b: Weights, non-negative with sum 1, (m,).
        start: A guess of g, (m,); for nearly equal samples their self-potential is a good one.
        epsilon: Regularisation, in units of the cost.
        tolerance: Accepted |T 1 - a|_1.
        max_iterations: Largest number of updates of f, beside the annealing.
    """
    log_a, log_b, cost_t = a.log(), b.log(), cost.T.contiguous()
    f = softmin(cost, start, log_b, epsilon)
    g = softmin(cost_t, f, log_a, epsilon)
    annealed = torch.zeros_like(b)
    level = ANNEALING * float(cost.max())
    while level > epsilon:
        annealed = softmin(cost_t, softmin(cost, annealed, log_b, level), log_a, level)
        level *= ANNEALING
    f_annealed = softmin(cost, annealed, log_b, epsilon)
    annealed = softmin(cost_t, f_annealed, log_a, epsilon)
    # columns are exact after an update of g, so that the dual value is <a, f> + <b, g>
    if float(a @ f_annealed + b @ annealed) > float(a @ f + b @ g):
        f, g = f_annealed, annealed

    tiny = torch.finfo(a.dtype).tiny
    for _ in range(max(1, max_iterations // (BLOCK + 1))):
        previous, f = f, softmin(cost, g, log_b, epsilon)
        if float(a @ torch.expm1((previous - f) / epsilon).abs()) <= tolerance:
            break
        g = softmin(cost_t, f, log_a, epsilon)
        kernel = _density(cost, f, g, epsilon)
        kernel_t, v = kernel.T.contiguous(), torch.ones_like(b)
        for _ in range(BLOCK):
            u = 1 / (kernel @ (b * v)).clamp_min(tiny)  # (n,)
            v = 1 / (kernel_t @ (a * u)).clamp_min(tiny)  # (m,)
        f, g = f + epsilon * u.log(), g + epsilon * v.log()
    return f, g
