"""Linear costs between two spaces that share no coordinates."""

from __future__ import annotations

import torch
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.spaces import MMSpace


def pair_costs(x: MMSpace, z: MMSpace) -> Tensor:
    """c_x(i, k)^2: what it costs to couple x_i with the partner of x_k, (n, n).

    Raises:
        SpaceError: The sizes differ.
    """
    if x.n != z.n:
        raise SpaceError(
            f"features: pairs belong to rows of equal number, but the spaces have {x.n} and "
            f"{z.n} points",
            hint="take features: profiles, or give feature_cost",
        )
    return x.d.square()


def profile_costs(x: MMSpace, z: MMSpace, *, num_quantiles: int) -> Tensor:
    """Squared 2-Wasserstein distances of the distributions of distances that i and k see, (n, m).

    The mean over quantiles of |F_i^-1 - G_k^-1|^2 (Mémoli, 2011): exact for uniform weights where
    the number of quantiles is a multiple of both n and m. Time O(n^2 log n + n m L), memory
    O(n^2 + (n + m) L) for L quantiles.
    """
    seen_x, seen_z = _quantiles(x, num_quantiles), _quantiles(z, num_quantiles)
    # through differences: the Gram form would round a match to more than zero
    return (
        torch.cdist(seen_x, seen_z, compute_mode="donot_use_mm_for_euclid_dist").square()
        / num_quantiles
    )


def _quantiles(space: MMSpace, count: int) -> Tensor:
    """Quantiles of each point's distances at (l + 1/2) / L, (n, L)."""
    ascending, order = space.d.sort(dim=1)
    below = space.mass.detach()[order].cumsum(1)  # (n, n)
    levels = (torch.arange(count, device=below.device, dtype=below.dtype) + 0.5) / count
    places = torch.searchsorted(below, levels.expand(space.n, -1).contiguous())
    return ascending.gather(1, places.clamp(max=space.n - 1))
