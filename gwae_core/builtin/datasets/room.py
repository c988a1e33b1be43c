"""A room with one object, seen by ray casting: how much of each colour a pixel shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gwae_core.builtin.datasets.solids import SOLIDS

SIDE = 64
SAMPLES = 2
"""Rays through a pixel are ``SAMPLES`` squared, which makes edges smooth."""
CAMERA_DISTANCE, CAMERA_HEIGHT = 8.0, 4.2
AIM = (0.0, 0.0, 1.15)
"""Point that is seen at the centre of the picture."""
VIEW = 0.32
"""Half the width of the picture at distance 1."""
WALL = 4.2
"""Distance of the two walls from the middle of the room; they meet behind the object."""
LIGHT = np.array([-0.45, -0.75, 1.2]) / np.linalg.norm([-0.45, -0.75, 1.2])
AMBIENT = 0.45
SHINE = 0.35
"""Largest share of white in the reflection on the object."""
REACH = 1.5
"""No part of an object of scale 1 is farther from the point at height 1 above its foot."""
OFFSET = 1e-6
"""How far above a surface its shadow is looked for."""

FLOOR, WALLS, OBJECT, WHITE = range(4)
"""Rows of the weights."""

Array = NDArray[np.float64]


def room_weights(shape: int, *, scale: float, orientation: float) -> NDArray[np.float32]:
    """Shares of four colours in each pixel: floor, walls, object and white, (4, 64, 64).

    A picture is the sum of the colours by these weights: where a surface is and how it is lit does
    not depend on its colour, so that one ray cast serves all colours.

    Args:
        shape: Number of the solid in `solids`.
        scale: Its size, 1 for the middle one.
        orientation: Angle by which the camera went round the object, in radians.
    """
    camera, direction = _rays(orientation)
    origin = np.broadcast_to(camera, direction.shape)
    floor, wall, outward = _room(origin, direction)
    t, normal = _object(shape, scale, origin, direction)
    on_object = t < np.minimum(floor, wall)
    on_floor = ~on_object & (floor < wall)
    on_wall = ~on_object & ~on_floor
    weights = np.zeros((len(direction), 4))

    facing = normal[on_object]
    halfway = LIGHT - direction[on_object]
    halfway /= np.linalg.norm(halfway, axis=1, keepdims=True)
    shine = SHINE * np.clip((facing * halfway).sum(1), 0, 1) ** 40  # (Blinn, 1977)
    weights[on_object, OBJECT] = _lit(facing) * (1 - shine)
    weights[on_object, WHITE] = shine

    for row, seen, distance, inward in (
        (FLOOR, on_floor, floor, np.broadcast_to([0.0, 0.0, 1.0], outward.shape)),
        (WALLS, on_wall, wall, -outward),
    ):
        at = origin[seen] + distance[seen, None] * direction[seen]
        towards = np.broadcast_to(LIGHT, at.shape)
        in_shadow = np.isfinite(_object(shape, scale, at + OFFSET * inward[seen], towards)[0])
        weights[seen, row] = np.where(in_shadow, AMBIENT, _lit(inward[seen]))
    blocks = weights.astype(np.float32).reshape(SIDE, SAMPLES, SIDE, SAMPLES, 4)
    return np.moveaxis(blocks.mean((1, 3)), 2, 0)


def _lit(normal: Array) -> Array:
    """Share of the colour that a surface reflects: AMBIENT + (1 - AMBIENT) max(0, n . l)."""
    share: Array = AMBIENT + (1 - AMBIENT) * np.clip(normal @ LIGHT, 0, 1)
    return share


def _object(shape: int, scale: float, origin: Array, direction: Array) -> tuple[Array, Array]:
    """Distance to the object along unit directions, (n,), and its normals there, (n, 3)."""
    from_middle = origin - np.array([0, 0, scale])
    nearest = from_middle - (from_middle * direction).sum(1, keepdims=True) * direction
    near = (nearest**2).sum(1) < (REACH * scale) ** 2
    t, normal = np.full(len(origin), np.inf), np.zeros(origin.shape)
    t[near], normal[near] = SOLIDS[shape](origin[near] / scale, direction[near])
    return t * scale, normal


def _rays(orientation: float) -> tuple[Array, Array]:
    """The camera, (3,), and unit directions through all samples of all pixels, (n, 3)."""
    camera = np.array(
        [
            CAMERA_DISTANCE * np.sin(orientation),
            -CAMERA_DISTANCE * np.cos(orientation),
            CAMERA_HEIGHT,
        ]
    )
    forward = np.array(AIM) - camera
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    n = SIDE * SAMPLES
    steps = VIEW * ((np.arange(n) + 0.5) / n * 2 - 1)
    across, down = np.meshgrid(steps, steps)
    direction = forward + across.ravel()[:, None] * right - down.ravel()[:, None] * up
    return camera, direction / np.linalg.norm(direction, axis=1, keepdims=True)


def _room(origin: Array, direction: Array) -> tuple[Array, Array, Array]:
    """Distances to the floor and to the nearer wall, (n,), and the wall's outer normal, (n, 3)."""
    with np.errstate(divide="ignore"):
        floor = np.where(direction[:, 2] < 0, -origin[:, 2] / direction[:, 2], np.inf)
    outward = np.array([[1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]]) / np.sqrt(2)  # (2, 3)
    approach = direction @ outward.T  # (n, 2)
    with np.errstate(divide="ignore"):
        walls = np.where(approach > 0, (WALL - origin @ outward.T) / approach, np.inf)
    return floor, walls.min(1), outward[walls.argmin(1)]
