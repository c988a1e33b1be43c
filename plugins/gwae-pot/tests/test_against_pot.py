"""The estimators return what a direct call of POT returns."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import torch
from gwae_pot import POTEntropic, POTExact, POTFused, POTPartial, POTSemirelaxed

from gwae_core.spaces import MMSpace


def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(14, 3)), rng.normal(size=(11, 2))
    p, q = rng.uniform(0.5, 1.5, 14), rng.uniform(0.5, 1.5, 11)
    c_x, c_z = ot.dist(x, x, metric="euclidean"), ot.dist(z, z, metric="euclidean")
    return c_x, c_z, p / p.sum(), q / q.sum()


def spaces() -> tuple[MMSpace, MMSpace]:
    c_x, c_z, p, q = (torch.from_numpy(a) for a in problem())
    return MMSpace(distances=c_x, weights=p), MMSpace(distances=c_z, weights=q)


def test_exact() -> None:
    c_x, c_z, p, q = problem()
    plan, log = ot.gromov.gromov_wasserstein(c_x, c_z, p, q, log=True)
    result = POTExact.Config().build()(*spaces())
    np.testing.assert_allclose(result.dense().numpy(), plan, atol=1e-9)
    assert float(result.value) == pytest.approx(log["gw_dist"], rel=1e-9)


def test_entropic_in_the_unit_of_the_product_coupling() -> None:
    c_x, c_z, p, q = problem()
    unit = p @ c_x**2 @ p + q @ c_z**2 @ q - 2 * (p @ c_x @ p) * (q @ c_z @ q)
    plan = ot.gromov.entropic_gromov_wasserstein(
        c_x, c_z, p, q, epsilon=0.2 * unit, tol=1e-9, numItermax=5000, stopThr=1e-10
    )
    config = POTEntropic.Config(epsilon=0.2, tolerance=1e-9, sinkhorn_max_iter=5000)
    result = config.build()(*spaces())
    np.testing.assert_allclose(result.dense().numpy(), plan, atol=1e-7)
    divergence = float((plan * np.log(plan / np.outer(p, q))).sum())
    expected = float(result.value) + 0.2 * unit * divergence
    assert float(result.objective) == pytest.approx(expected, rel=1e-6)


def test_semirelaxed() -> None:
    c_x, c_z, p, q = problem()
    start = np.outer(p, q)
    plan, log = ot.gromov.semirelaxed_gromov_wasserstein(c_x, c_z, p, G0=start, log=True)
    result = POTSemirelaxed.Config().build()(*spaces())
    np.testing.assert_allclose(result.dense().numpy(), plan, atol=1e-9)
    assert float(result.value) == pytest.approx(log["srgw_dist"], rel=1e-9)


def test_partial() -> None:
    c_x, c_z, p, q = problem()
    plan = ot.gromov.partial_gromov_wasserstein(c_x, c_z, p, q, m=0.8, tol=1e-9)
    result = POTPartial.Config(mass=0.8).build()(*spaces())
    np.testing.assert_allclose(result.dense().numpy(), plan, atol=1e-9)


def test_fused() -> None:
    c_x, c_z, p, q = problem()
    features = np.random.default_rng(1).uniform(size=(14, 11))
    plan, log = ot.gromov.fused_gromov_wasserstein(features, c_x, c_z, p, q, alpha=0.3, log=True)
    estimator = POTFused.Config(alpha=0.3).build()
    result = estimator(*spaces(), feature_cost=torch.from_numpy(features))
    np.testing.assert_allclose(result.dense().numpy(), plan, atol=1e-9)
    assert float(result.objective) == pytest.approx(log["fgw_dist"], rel=1e-9)
