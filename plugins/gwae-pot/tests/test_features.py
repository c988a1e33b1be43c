"""The linear costs of the fused problem."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gwae_pot import POTExact, POTFused
from gwae_pot.features import profile_costs
from scipy.stats import wasserstein_distance
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.solvers import lower_bound
from gwae_core.spaces import MMSpace


def points(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_profiles_are_wasserstein_distances_of_distances() -> None:
    x, z = MMSpace(points(4, 3)), MMSpace(points(6, 2, 1))
    costs = profile_costs(x, z, num_quantiles=12)
    # by definition, over the common refinement of sixths and quarters
    expected = [
        [
            float((x.d[i].sort().values.repeat_interleave(3) - other).square().mean())
            for other in z.d.sort(1).values.repeat_interleave(2, dim=1)
        ]
        for i in range(4)
    ]
    np.testing.assert_allclose(costs.numpy(), expected, rtol=1e-12)
    # W_1 <= W_2, from an independent library
    first = wasserstein_distance(x.d[0].numpy(), z.d[0].numpy())
    assert first**2 <= float(costs[0, 0]) + 1e-12


def test_profiles_with_weights_count_a_heavy_point_twice() -> None:
    x, z = points(5, 3), MMSpace(points(4, 2, 1))
    twice = torch.tensor([0, 0, 1, 2, 3, 4])
    p = torch.tensor([2.0, 1, 1, 1, 1], dtype=torch.float64) / 6
    weighted = profile_costs(MMSpace(x, weights=p), z, num_quantiles=50)
    repeated = profile_costs(MMSpace(x[twice]), z, num_quantiles=50)
    torch.testing.assert_close(weighted, repeated[1:])


def test_the_linear_part_alone_is_the_third_lower_bound() -> None:
    x, z = MMSpace(points(8, 3)), MMSpace(points(8, 2, 1))
    fused = POTFused.Config(alpha=1e-9, num_quantiles=8).build()(x, z)
    bound = lower_bound(x, z, kind="third").value
    assert float(fused.objective) == pytest.approx(float(bound), rel=1e-6)


def test_alpha_one_is_the_problem_without_features() -> None:
    x, z = MMSpace(points(8, 3)), MMSpace(points(8, 2, 1))
    fused, exact = POTFused.Config(alpha=1).build()(x, z), POTExact.Config().build()(x, z)
    torch.testing.assert_close(fused.objective, exact.objective)


def test_pairs_draw_the_coupling_to_the_identity() -> None:
    x, z = MMSpace(points(8, 3)), MMSpace(points(8, 2, 1))
    fused = POTFused.Config(alpha=0.01, features="pairs").build()(x, z)
    torch.testing.assert_close(fused.dense(), torch.eye(8, dtype=torch.float64) / 8)


def test_a_cost_of_ones_own() -> None:
    x, z = MMSpace(points(6, 3)), MMSpace(points(4, 2, 1))
    labels_x, labels_z = torch.tensor([0, 0, 1, 1, 1, 0]), torch.tensor([0, 1, 1, 0])
    differ = (labels_x[:, None] != labels_z).double() * 1e3
    plan = POTFused.Config().build()(x, z, feature_cost=differ).dense()
    assert float((plan * differ).sum()) < 1e-9
    with pytest.raises(SpaceError, match=r"\(6, 4\)"):
        POTFused.Config().build()(x, z, feature_cost=differ.T)
    with pytest.raises(SpaceError, match="NaN"):
        POTFused.Config().build()(x, z, feature_cost=differ * torch.nan)


def test_pairs_need_equal_sizes() -> None:
    with pytest.raises(SpaceError, match="6 and 4 points"):
        POTFused.Config(features="pairs").build()(MMSpace(points(6, 3)), MMSpace(points(4, 2)))
