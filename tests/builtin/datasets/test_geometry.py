"""Surfaces and curves: their true distances against shortest paths through many points."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import shortest_path

from gwae_core import RunConfig, run
from gwae_core.builtin.datasets import Geometry
from gwae_core.builtin.datasets.geometry import MANIFOLDS
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError

SHAPES = list(MANIFOLDS)


def load(**values: object):
    return Geometry(Geometry.Config.model_validate(values)).load()


def euclidean(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points, axis=2)


@pytest.mark.parametrize("shape", SHAPES)
def test_true_distances_are_a_metric_no_shorter_than_the_straight_line(shape):
    data = load(shape=shape, n=150)
    check_arrays(data)
    d = data.true_distances(data.factors)
    assert d.shape == (150, 150) and (np.diag(d) < 1e-9).all()
    assert np.allclose(d, d.T)
    assert (d[:, :, None] + d[None] >= d[:, None, :] - 1e-9).all()
    assert (d >= euclidean(data.x.astype(float)) - 1e-5).all()


@pytest.mark.parametrize("shape", ["swiss-roll", "torus", "sphere", "spirals"])
def test_true_distances_are_lengths_of_shortest_paths(shape):
    # A grid of points, each joined to those near to it, is a net on the surface.
    manifold = MANIFOLDS[shape]
    points = manifold.sample(2000, np.random.default_rng(0))
    d = euclidean(manifold.embed(points))
    reach = {"swiss-roll": 0.25, "torus": 0.35, "sphere": 0.25, "spirals": 0.06}[shape]
    paths = shortest_path(np.where(d < reach, d, np.inf), indices=range(20))[:, :300]
    true = manifold.distances(points[:300])[:20]
    far = true > 2 * reach
    assert far.sum() > 1000 and np.isfinite(paths).all()
    ratio = paths[far] / true[far]
    # A path through points zigzags, and cuts bends: it errs by a few per cent.
    assert ratio.min() > 0.94 and np.abs(ratio.mean() - 1) < 0.02 and ratio.max() < 1.4


@pytest.mark.parametrize("shape", SHAPES)
def test_near_points_are_as_far_apart_as_in_space(shape):
    manifold = MANIFOLDS[shape]
    rng = np.random.default_rng(1)
    start = manifold.sample(40, rng)
    step = 1e-5 * rng.normal(size=start.shape)
    if manifold.label is not None:
        step[:, 0] = 0
    both = np.concatenate([start, start + step])
    d = manifold.distances(both)[np.arange(40), np.arange(40) + 40]
    space = np.linalg.norm(manifold.embed(start) - manifold.embed(start + step), axis=1)
    assert np.allclose(d, space, rtol=1e-3)


def test_distances_in_closed_form():
    sphere, torus, spirals = (MANIFOLDS[name] for name in ("sphere", "torus", "spirals"))
    poles = np.array([[0, np.pi / 2], [1, -np.pi / 2], [0.5, 0]])
    assert np.allclose(sphere.distances(poles)[0], [0, np.pi, np.pi / 2])
    angles = np.array([[0.1, 0], [2 * np.pi - 0.1, np.pi]])
    assert torus.distances(angles)[0, 1] == pytest.approx(np.hypot(0.2, np.pi / 2))
    ends = np.array([[0, 1.0], [0, 3.0], [1, 2.0]])
    assert np.allclose(spirals.distances(ends)[0], [0, 2, 3])


def test_points_are_uniform_on_the_surface():
    # The sphere's height is uniform, and so is the roll's arc length.
    x = load(shape="sphere", n=20_000).x
    assert np.allclose(np.histogram(x[:, 2], 10, (-1, 1))[0] / 2000, 1, atol=0.1)
    assert np.allclose(np.linalg.norm(x, axis=1), 1, atol=1e-6)
    length = load(shape="swiss-roll", n=20_000).factors[:, 0]
    assert np.allclose(np.histogram(length, 10)[0] / 2000, 1, atol=0.1)


@pytest.mark.parametrize("shape", SHAPES)
def test_more_dimensions_change_no_distance_and_noise_no_factor(shape):
    plain, wide = load(shape=shape, n=60), load(shape=shape, n=60, dim=30)
    assert wide.x.shape == (60, 30) and np.array_equal(plain.factors, wide.factors)
    assert np.allclose(euclidean(plain.x), euclidean(wide.x), atol=1e-5)
    noisy = load(shape=shape, n=60, noise=0.1)
    assert np.array_equal(noisy.factors, plain.factors)
    assert (noisy.x - plain.x).std() == pytest.approx(0.1, rel=0.2)
    assert not np.array_equal(plain.x, load(shape=shape, n=60, seed=1).x)


def test_arms_and_blobs_are_labels():
    for shape, names in (("spirals", 2), ("blobs", 5)):
        data = load(shape=shape, n=200)
        assert len(data.label_names) == names == len(np.unique(data.y))
        assert np.array_equal(data.y, data.factors[:, 0])
    assert load(shape="sphere", n=9).y is None


def test_too_few_dimensions_are_refused():
    with pytest.raises(DataError, match=r"torus needs 4 dimensions; data\.dim gives 3"):
        load(shape="torus", dim=3)


def test_codes_are_compared_with_true_distances(tmp_path):
    config = RunConfig.from_mapping(
        {
            "data": {"type": "geometry", "shape": "spirals", "n": 200},
            "latent_dim": 2,
            "encoder": {"hidden": [8]},
            "decoder": {"hidden": [8]},
            "metrics": ["geometry"],
            "training": {"steps": 5, "batch_size": 32},
        }
    )
    metrics = run(config, out=tmp_path / "run", report=False).metrics
    assert {"geometry.true.spearman", "geometry.euclidean.spearman"} <= metrics.keys()
    assert metrics["geometry.true.spearman"] != metrics["geometry.euclidean.spearman"]
