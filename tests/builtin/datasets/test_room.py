"""The room against geometry."""

from __future__ import annotations

import numpy as np
import pytest

from gwae_core.builtin.datasets.room import AMBIENT, FLOOR, OBJECT, WALLS, WHITE, room_weights
from gwae_core.builtin.datasets.solids import NAMES, SOLIDS

RNG = np.random.default_rng(0)
INSIDE = {
    "cube": lambda p: (np.abs(p - (0, 0, 0.75)) <= 0.75).all(-1),
    "cylinder": lambda p: (
        (np.hypot(p[..., 0], p[..., 1]) <= 0.8) & (p[..., 2] >= 0) & (p[..., 2] <= 1.6)
    ),
    "sphere": lambda p: np.linalg.norm(p - (0, 0, 0.95), axis=-1) <= 0.95,
    "capsule": lambda p: (
        np.linalg.norm(
            p - np.stack([0 * p[..., 0], 0 * p[..., 0], p[..., 2].clip(0.6, 1.6)], -1), axis=-1
        )
        <= 0.6
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_rays_meet_a_solid_where_marching_finds_it(name):
    n = 400
    solid = SOLIDS[NAMES.index(name)]
    angle, height = RNG.uniform(0, 2 * np.pi, n), RNG.uniform(0.5, 6, n)
    origin = np.stack([6 * np.cos(angle), 6 * np.sin(angle), height], 1)
    direction = RNG.uniform([-1, -1, 0], [1, 1, 2.2], (n, 3)) - origin
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    t, normal = solid(origin, direction)
    steps = np.linspace(0, 12, 12_001)
    inside = INSIDE[name](origin[:, None] + steps[:, None] * direction[:, None])
    first = np.where(inside.any(1), steps[inside.argmax(1)], np.inf)
    # Rays that graze the surface may pass between two steps.
    met = np.isfinite(t)
    assert (met == np.isfinite(first)).mean() > 0.98 and 50 < met.sum() < n
    both = met & np.isfinite(first)
    assert np.abs(t[both] - first[both]).max() < 2e-3
    assert np.allclose(np.linalg.norm(normal[met], axis=1), 1)
    assert ((normal[met] * direction[met]).sum(1) <= 0).all()
    # Behind the point, along the inner normal, is the solid.
    at = (origin + np.where(met, t, 0)[:, None] * direction)[met]
    assert INSIDE[name](at - 1e-3 * normal[met]).mean() > 0.99
    assert not INSIDE[name](at + 1e-3 * normal[met]).any()


@pytest.mark.parametrize("shape", range(4))
def test_a_pixel_shows_shares_of_the_colours(shape):
    weights = room_weights(shape, scale=1.0, orientation=0.2)
    assert weights.shape == (4, 64, 64) and weights.dtype == np.float32
    assert weights.min() >= 0 and weights.sum(0).max() <= 1 + 1e-6
    assert weights.sum(0).min() > 0.9 * AMBIENT
    for row in (FLOOR, WALLS, OBJECT):
        assert (weights[row] > 0).mean() > 0.02
    # White shines on the object alone.
    assert not weights[WHITE][weights[OBJECT] == 0].any()
    # The object stands on the floor, in front of the walls.
    rows = np.nonzero((weights[OBJECT] > 0).any(1))[0]
    floor = np.nonzero((weights[FLOOR] > 0).any(1))[0]
    assert floor.min() < rows.max() < floor.max()


@pytest.mark.parametrize("shape", range(4))
def test_the_object_grows_with_scale(shape):
    seen = [
        (room_weights(shape, scale=scale, orientation=0)[OBJECT] > 0).sum()
        for scale in (0.75, 1.0, 1.25)
    ]
    assert seen == sorted(seen) and seen[2] / seen[0] == pytest.approx((1.25 / 0.75) ** 2, rel=0.2)


def test_the_walls_move_with_the_view():
    corner = []
    for angle in (-0.3, 0.0, 0.3):
        top = room_weights(2, scale=1.0, orientation=angle)[WALLS][2]
        corner.append(int(np.abs(np.diff(top)).argmax()))
    # The corner of the room is in the middle of the picture where the camera stands opposite.
    assert corner == sorted(corner) and abs(corner[1] - 31) <= 1
    assert corner[2] - corner[0] > 20


def test_the_object_throws_a_shadow():
    weights = room_weights(2, scale=1.0, orientation=0.0)
    floor = weights[FLOOR][weights[FLOOR] > 0]
    assert np.isclose(floor, AMBIENT).sum() > 10
    lit = np.median(floor)
    assert lit > 1.5 * AMBIENT
