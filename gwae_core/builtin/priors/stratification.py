"""Stratified choice of mixture components, with weights that carry the gradient."""

from __future__ import annotations

import torch
from torch import Tensor


def stratify(
    probabilities: Tensor, n: int, *, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Choose n components k_i and sample weights w_i with E[sum_i w_i h(k_i)] = sum_k p_k h(k).

    Unbiased for every n, and so is the gradient with respect to p:

    - n >= K: each component gets one place, and the other n - K are spread in proportion to p by
      systematic sampling. With n_k places, w_i = p_k / n_k: the weights sum to 1 and so have no
      gradient along their sum.
    - n < K: systematic sampling of p, so that E[n_k] = n p_k, and the Horvitz-Thompson weights
      w_i = p_k / (n p_k), whose value is 1/n and whose gradient is that of log p_k / n.

    The order is random, so that any part of the sample is one too. Nothing waits for the device.

    Args:
        probabilities: p, non-negative with sum 1, (K,).
        n: Number of places.
        generator: Source of randomness, on the device of ``probabilities``.

    Returns:
        Components (n,) int64 and weights (n,), differentiable in ``probabilities``.
    """
    p = probabilities.detach()
    num_components = len(p)
    every = n >= num_components
    spread = n - num_components if every else n
    u = torch.rand((), generator=generator, device=p.device, dtype=p.dtype)
    positions = (u + torch.arange(spread, device=p.device, dtype=p.dtype)) / max(spread, 1)
    # the sum of p may round to slightly less than the last position
    chosen = torch.searchsorted(p.cumsum(0), positions, right=True).clamp(max=num_components - 1)
    if every:
        chosen = torch.cat([torch.arange(num_components, device=p.device), chosen])
        count = torch.zeros_like(p).index_add(0, chosen, p.new_ones(n))  # (K,)
        weight = probabilities / count
    else:
        weight = probabilities / (n * p.clamp_min(torch.finfo(p.dtype).tiny))
    chosen = chosen[torch.randperm(n, generator=generator, device=p.device)]
    return chosen, weight[chosen]
