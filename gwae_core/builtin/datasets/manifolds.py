"""Surfaces and curves whose true distances are known: coordinates, embedding, geodesics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Manifold(ABC):
    """A space with coordinates (n, k), an embedding (n, d) and distances within it."""

    names: ClassVar[tuple[str, ...]]
    """Names of the coordinates."""
    label: ClassVar[str | None] = None
    """What the first coordinate numbers, where it does."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Coordinates of points that are uniform on the space, (n, k)."""

    @abstractmethod
    def embed(self, coordinates: Array) -> Array:
        """Points in Euclidean space, (n, d)."""

    @abstractmethod
    def distances(self, coordinates: Array) -> Array:
        """Lengths of the shortest paths within the space, (n, n)."""


class SwissRoll(Manifold):
    """A rolled-up rectangle: (t cos t, h, t sin t) / 10, t in [1.5 pi, 4.5 pi], h in [0, 21].

    Unrolled it is flat, so that the distance is the straight line in arc length and height
    (Tenenbaum et al., 2000).
    """

    names = ("length", "height")

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Uniform on the rectangle."""
        first, last = _arc_length(np.pi * np.array([1.5, 4.5])) / 10
        return np.stack([rng.uniform(first, last, n), rng.uniform(0, 2.1, n)], axis=1)

    def embed(self, coordinates: Array) -> Array:
        """Roll up: (n, 3)."""
        t = _angle(10 * coordinates[:, 0], 4.5 * np.pi)
        return np.stack([t * np.cos(t) / 10, coordinates[:, 1], t * np.sin(t) / 10], axis=1)

    def distances(self, coordinates: Array) -> Array:
        """Straight lines on the rectangle."""
        return _straight(coordinates)


class Torus(Manifold):
    """The flat torus (cos a, sin a, cos b / 2, sin b / 2) in four dimensions.

    Its distance is sqrt(da^2 + db^2 / 4) of angles taken the shorter way round; that of a torus in
    three dimensions has no such form.
    """

    names = ("angle", "other_angle")

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Uniform angles."""
        return rng.uniform(0, 2 * np.pi, (n, 2))

    def embed(self, coordinates: Array) -> Array:
        """Two circles: (n, 4)."""
        a, b = coordinates.T
        return np.stack([np.cos(a), np.sin(a), np.cos(b) / 2, np.sin(b) / 2], axis=1)

    def distances(self, coordinates: Array) -> Array:
        """The shorter way round each circle."""
        apart = np.abs(coordinates[:, None] - coordinates) % (2 * np.pi)
        apart = np.minimum(apart, 2 * np.pi - apart)
        return np.asarray(np.hypot(apart[..., 0], apart[..., 1] / 2))


class Sphere(Manifold):
    """The unit sphere; its distance is the angle between two points."""

    names = ("longitude", "latitude")

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Uniform on the surface."""
        return np.stack([rng.uniform(-np.pi, np.pi, n), np.arcsin(rng.uniform(-1, 1, n))], axis=1)

    def embed(self, coordinates: Array) -> Array:
        """Unit vectors: (n, 3)."""
        a, b = coordinates.T
        return np.stack([np.cos(b) * np.cos(a), np.cos(b) * np.sin(a), np.sin(b)], axis=1)

    def distances(self, coordinates: Array) -> Array:
        """2 arcsin(|u - v| / 2), which is exact for near points too."""
        return 2 * np.arcsin(np.minimum(_straight(self.embed(coordinates)) / 2, 1))


class Spirals(Manifold):
    """Two spirals r = t / 10, t in [0, 3 pi], that meet at the origin, where a path may change.

    Distances are lengths along the arms: |s - s'| on one arm, s + s' between the two.
    """

    names = ("arm", "length")
    label = "arm"

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Uniform on the arms."""
        end = _arc_length(np.array(3 * np.pi)) / 10
        return np.stack([rng.integers(0, 2, n), rng.uniform(0, end, n)], axis=1)

    def embed(self, coordinates: Array) -> Array:
        """The plane: (n, 2)."""
        arm, length = coordinates.T
        t = _angle(10 * length, 3 * np.pi)
        turn = t + np.pi * arm
        return np.stack([t * np.cos(turn), t * np.sin(turn)], axis=1) / 10

    def distances(self, coordinates: Array) -> Array:
        """Along the arms."""
        arm, length = coordinates.T
        # towards the origin on the other arm
        sign = np.where(arm[:, None] == arm, -1, 1)
        return np.asarray(np.abs(length[:, None] + sign * length))


class Blobs(Manifold):
    """Five round Gaussian clouds of standard deviation 0.3 about a regular pentagon of radius 2.

    The plane is flat: the distance is Euclidean.
    """

    names = ("blob", "x", "y")
    label = "blob"

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """A blob of equal chance, and a place in it."""
        blob = rng.integers(0, 5, n)
        turn = 2 * np.pi * blob / 5
        x, y = rng.normal(scale=0.3, size=(2, n))
        return np.stack([blob, 2 * np.cos(turn) + x, 2 * np.sin(turn) + y], axis=1)

    def embed(self, coordinates: Array) -> Array:
        """The plane: (n, 2)."""
        return coordinates[:, 1:]

    def distances(self, coordinates: Array) -> Array:
        """Straight lines."""
        return _straight(coordinates[:, 1:])


def _straight(points: Array) -> Array:
    from scipy.spatial.distance import pdist, squareform

    return np.asarray(squareform(pdist(points)), dtype=np.float64)


def _arc_length(t: Array) -> Array:
    """Length of the spiral r = t from the origin: (t sqrt(1 + t^2) + asinh t) / 2."""
    return np.asarray((t * np.sqrt(1 + t**2) + np.arcsinh(t)) / 2)


def _angle(length: Array, end: float) -> Array:
    """The t in [0, end] at which the spiral r = t has a length, by Newton's method."""
    t = np.minimum(np.sqrt(2 * length), end)
    # The length is convex in t, and its derivative sqrt(1 + t^2) at least 1.
    for _ in range(8):
        t = t - (_arc_length(t) - length) / np.sqrt(1 + t**2)
    return t
