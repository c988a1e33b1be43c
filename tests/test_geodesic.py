"""Geodesic distances against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from gwae_core.errors import SpaceError
from gwae_core.geodesic import geodesic_distances


def test_on_a_circle_they_are_arc_lengths() -> None:
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    x = np.stack([np.cos(angle), np.sin(angle)], 1)
    d = geodesic_distances(x, n_neighbors=2)
    difference = np.abs(angle[:, None] - angle[None])
    arc = np.minimum(difference, 2 * np.pi - difference)
    euclidean = cdist(x, x)
    np.testing.assert_allclose(d, arc * euclidean.mean() / arc.mean(), rtol=1e-3, atol=1e-6)


def test_they_are_a_metric_with_the_euclidean_mean() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    d = geodesic_distances(torch.from_numpy(x), n_neighbors=4).astype(np.float64)
    assert d.dtype == np.float64 and (np.diag(d) == 0).all() and (d == d.T).all()
    assert d.mean() == pytest.approx(cdist(x, x).mean(), rel=1e-6)
    assert (d[:, :, None] <= d[:, None, :] + d.T[None] + 1e-5).all()


def test_separate_components_are_joined_by_their_shortest_link() -> None:
    x = np.concatenate([np.arange(5.0), 20 + np.arange(5.0), 60 + np.arange(5.0)])[:, None]
    d = geodesic_distances(x, n_neighbors=2)
    euclidean = np.abs(x - x.T)  # on a line every shortest path is straight
    np.testing.assert_allclose(d, euclidean, rtol=1e-5)


def test_duplicates_and_single_points() -> None:
    x = np.concatenate([np.zeros((15, 2)), np.ones((15, 2))])
    d = geodesic_distances(x, n_neighbors=3)
    np.testing.assert_allclose(d[:15, 15:], np.sqrt(2), rtol=1e-6)
    assert (d[:15, :15] == 0).all()
    assert geodesic_distances(np.zeros((1, 4))).shape == (1, 1)


def test_what_is_refused() -> None:
    with pytest.raises(SpaceError, match="20,000"):
        geodesic_distances(np.zeros((20_001, 1)))
    with pytest.raises(SpaceError, match="at least 1"):
        geodesic_distances(np.zeros((3, 1)), n_neighbors=0)
    with pytest.raises(SpaceError, match="NaN"):
        geodesic_distances(np.full((3, 1), np.nan))
