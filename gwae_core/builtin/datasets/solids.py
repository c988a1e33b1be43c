"""Where rays meet a cube, a cylinder, a sphere or a capsule that stand on the floor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Hit = tuple[Array, Array]
"""Distance along each ray, (n,), infinite where nothing is met, and the normal there, (n, 3)."""


def cube(origin: Array, direction: Array) -> Hit:
    """A cube of side 1.5, its faces along the first two axes.

    Args:
        origin: Where rays begin, (n, 3).
        direction: Where they go, (n, 3), without zeros.
    """
    half = 0.75
    towards = (np.array([0, 0, half]) - origin) / direction
    reach = half / np.abs(direction)
    near, far = (towards - reach), (towards + reach).min(1)
    axis = near.argmax(1)
    t = np.take_along_axis(near, axis[:, None], axis=1)[:, 0]
    normal = np.zeros_like(direction)
    rows = np.arange(len(axis))
    normal[rows, axis] = -np.sign(direction[rows, axis])
    return np.where((t < far) & (t > 0), t, np.inf), normal


def sphere(origin: Array, direction: Array) -> Hit:
    """A ball of radius 0.95."""
    return _ball(origin, direction, height=0.95, radius=0.95)


def cylinder(origin: Array, direction: Array) -> Hit:
    """A cylinder of radius 0.8 and height 1.6, seen from the side or from above."""
    radius, height = 0.8, 1.6
    t, normal = _tube(origin, direction, radius=radius, low=0, high=height)
    top = (height - origin[:, 2]) / direction[:, 2]
    at = origin + top[:, None] * direction
    lid = (top > 0) & (at[:, 0] ** 2 + at[:, 1] ** 2 <= radius**2) & (top < t)
    normal[lid] = (0, 0, 1)
    return np.where(lid, top, t), normal


def capsule(origin: Array, direction: Array) -> Hit:
    """A cylinder of radius 0.6 between half balls, of height 2.2 in all."""
    radius, height = 0.6, 2.2
    nearest, normal = _tube(origin, direction, radius=radius, low=radius, high=height - radius)
    for centre in (radius, height - radius):
        t, outward = _ball(origin, direction, height=centre, radius=radius)
        nearer = t < nearest
        nearest = np.where(nearer, t, nearest)
        normal[nearer] = outward[nearer]
    return nearest, normal


def _ball(origin: Array, direction: Array, *, height: float, radius: float) -> Hit:
    start = origin - (0, 0, height)
    t = _first_root(direction, start, radius)
    with np.errstate(invalid="ignore"):
        normal = (start + t[:, None] * direction) / radius
    return t, normal


def _tube(origin: Array, direction: Array, *, radius: float, low: float, high: float) -> Hit:
    t = _first_root(direction[:, :2], origin[:, :2], radius)
    with np.errstate(invalid="ignore"):
        at = origin + t[:, None] * direction
        inside = (at[:, 2] >= low) & (at[:, 2] <= high)
    normal = at / radius
    normal[:, 2] = 0
    return np.where(inside, t, np.inf), normal


def _first_root(direction: Array, start: Array, radius: float) -> Array:
    """Smaller t with |start + t direction| = radius, from outside."""
    a, b = (direction**2).sum(1), (direction * start).sum(1)
    discriminant = b * b - a * ((start**2).sum(1) - radius**2)
    with np.errstate(invalid="ignore"):
        t = (-b - np.sqrt(discriminant)) / a
    return np.where((discriminant >= 0) & (t > 0), t, np.inf)


SOLIDS: tuple[Callable[[Array, Array], Hit], ...] = (cube, cylinder, sphere, capsule)
NAMES = ("cube", "cylinder", "sphere", "capsule")
