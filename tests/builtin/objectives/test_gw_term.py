"""The Gromov-Wasserstein term: unit, scale C, and the mean over pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from torch import Tensor

from gwae_core.builtin.estimators import Paired
from gwae_core.builtin.objectives.gw_term import GWTerm
from gwae_core.data_metric import GeodesicMetric
from gwae_core.interfaces import Estimator
from gwae_core.spaces import GWResult, MMSpace


def term(estimator: Estimator | None = None, **changes: Any) -> GWTerm:
    settings: dict[str, Any] = {
        "ground_cost": "euclidean",
        "rho": 1.0,
        "latent_dim": 3,
        "per_coordinate": False,
        "trainable": True,
        "initial_scale": 2.5,
        "normalised": False,
        "geodesic": None,
        "train_data": None,
    }
    return GWTerm(estimator or Paired(Paired.Config()), **{**settings, **changes}).double()


def points(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def published_formula(x: Tensor, z: Tensor, scale: float, rho: float) -> float:
    """Mean over pairs i != j of |(C / s_z) |z_i - z_j| - |x_i - x_j||^rho."""
    s_z = z.numpy().std(axis=0).mean()
    differences = np.abs(scale / s_z * pdist(z.numpy()) - pdist(x.numpy()))
    return float((differences**rho).mean())


@pytest.mark.parametrize("rho", [1.0, 2.0])
def test_the_paired_term_is_the_published_formula(rho: float) -> None:
    x, z = points(20, 7), points(20, 3, 1)
    gw = term(rho=rho)
    value, observed = gw(gw.data_space(x, None), gw.code_space(z, None))
    assert value.item() == pytest.approx(published_formula(x, z, 2.5, rho), rel=1e-5)
    assert float(observed["scale_c"]) == pytest.approx(2.5)


def test_counting_the_diagonal_is_caught() -> None:
    """The published code's mean over all i, j is smaller by (n - 1) / n."""
    x, z = points(5, 7), points(5, 3, 1)
    gw = term()
    fault = gw.estimator(gw.data_space(x, None), gw.code_space(z, None), rho=1.0).value.item()
    assert fault == pytest.approx(published_formula(x, z, 2.5, 1.0) * 4 / 5)
    assert fault != pytest.approx(published_formula(x, z, 2.5, 1.0), rel=0.1)


@pytest.mark.parametrize("normalised", [False, True])
def test_the_unit_is_the_mean_distance_of_the_data(normalised: bool) -> None:
    """Normalised, the term does not change with the unit that data are measured in."""
    x, z = points(30, 7), points(30, 3, 1)
    values = []
    for unit in (1.0, 100.0):
        gw = term(normalised=normalised, train_data=unit * x, initial_scale=None)
        gw.fit_scale(z)
        values.append(gw(gw.data_space(unit * x, None), gw.code_space(z, None))[0].item())
    assert values[1] == pytest.approx(values[0] * (1.0 if normalised else 100.0), rel=1e-5)


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean"])
def test_the_first_scale_gives_codes_the_mean_distance_of_the_data(cost: str) -> None:
    x, z = 40 * points(50, 7), points(50, 3, 1)
    gw = term(ground_cost=cost, train_data=x, initial_scale=None)
    gw.fit_scale(z)
    spaces = gw.data_space(x, None), gw.code_space(z, None)
    assert spaces[1].d.mean().item() == pytest.approx(spaces[0].d.mean().item(), rel=1e-5)


def test_a_scale_that_was_given_is_kept() -> None:
    gw = term(train_data=40 * points(50, 7))
    gw.fit_scale(points(50, 3, 1))
    assert gw.scale.item() == pytest.approx(2.5)


def test_codes_of_another_size_give_the_same_term() -> None:
    """Dividing by s_z leaves the size of the codes to C alone."""
    x, z = points(20, 7), points(20, 3, 1)
    gw = term()
    values = [gw(gw.data_space(x, None), gw.code_space(k * z, None))[0] for k in (1, 50)]
    assert values[0].item() == pytest.approx(values[1].item())


def test_a_scale_for_each_coordinate_can_drop_a_coordinate() -> None:
    gw = term(per_coordinate=True)
    assert gw.scale.shape == (3,)
    with torch.no_grad():
        gw.log_scale[2] = -30
    z = points(10, 3)
    moved = z.clone()
    moved[:, 2] = moved[:, 2].flip(0)  # another order, the same spread
    assert torch.allclose(gw.code_space(z, None).d, gw.code_space(moved, None).d)


class Fixed(Estimator):
    """A solver that always finds one value."""

    class Config(Estimator.Config):
        type: str = "fixed"
        value: float = 4.0

    config: Config

    def forward(self, x: MMSpace, z: MMSpace, *, rho: float = 2.0, generator=None) -> GWResult:
        value = self.config.value * z.flat.square().mean() / z.flat.square().mean().detach()
        return GWResult(value, value, None, True, 1, 0.0)


def test_a_solved_value_enters_as_its_root() -> None:
    gw = term(Fixed(Fixed.Config()), rho=2.0)
    x, z = points(6, 3), points(6, 3, 1)
    value, observed = gw(gw.data_space(x, None), gw.code_space(z, None))
    assert value.item() == pytest.approx(2.0)
    assert float(observed["gw_value"]) == pytest.approx(4.0)


def test_the_root_of_a_solved_zero_has_a_finite_gradient() -> None:
    gw = term(Fixed(Fixed.Config(value=0.0)), rho=2.0)
    z = points(6, 3, 1).requires_grad_()
    value, _ = gw(gw.data_space(points(6, 3), None), gw.code_space(z, None))
    value.backward()
    assert value.item() == 0
    assert z.grad is not None
    assert torch.isfinite(z.grad).all()


def test_geodesic_rows_are_looked_up_and_new_points_extend_the_graph() -> None:
    x = points(60, 3).float()
    gw = term(geodesic=GeodesicMetric(x, n_neighbors=6))
    rows = torch.tensor([4, 9, 33])
    looked_up = gw.data_space(x[rows], rows).d
    assert torch.equal(looked_up, gw.geodesic.distances[rows][:, rows].float())
    # A training point is its own nearest neighbour, so the extension finds the same paths.
    assert torch.allclose(gw.data_space(x[rows], None).d, looked_up, rtol=1e-4)


def test_the_gradient_reaches_codes_and_scale() -> None:
    gw = term()
    z = points(8, 3, 1).requires_grad_()
    gw(gw.data_space(points(8, 5), None), gw.code_space(z, None))[0].backward()
    assert z.grad is not None and float(z.grad.abs().sum()) > 0
    assert gw.log_scale.grad is not None and float(gw.log_scale.grad.abs()) > 0
