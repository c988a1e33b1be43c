"""The Gromov-Wasserstein value at a fixed coupling of any mass, differentiable."""

from __future__ import annotations

from torch import Tensor

from gwae_core.solvers import distortion
from gwae_core.solvers.moments import moments_of, squared_features, squared_value
from gwae_core.spaces import MMSpace


def plan_value(x: MMSpace, z: MMSpace, plan: Tensor) -> Tensor:
    """sum_ijkl |c_x(i,j) - c_z(k,l)|^2 T_ik T_jl at a coupling, (n, m), held fixed.

    Time O(n^2 m + n m^2), memory O(n^2 + m^2); where both costs are squared Euclidean (or cosine)
    the closed form needs no matrix of distances.
    """
    points_x, points_z = squared_features(x), squared_features(z)
    if points_x is None or points_z is None:
        return distortion(x, z, plan)
    # the closed form holds for probabilities, and the value is quadratic in the coupling
    mass = plan.sum()
    share = plan / mass
    moments = moments_of(points_x, share.sum(1)), moments_of(points_z, share.sum(0))
    return squared_value(*moments, share) * mass.square()
