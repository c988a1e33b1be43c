"""Sliced Gromov-Wasserstein: one-dimensional problems along random lines."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.solvers.descent import descend
from gwae_core.solvers.forms import Array, Entries, LiftedForm
from gwae_core.solvers.line import Atoms, ascending, monotone
from gwae_core.spaces import GWResult, MMSpace


def sliced_gw(
    x: MMSpace,
    z: MMSpace,
    *,
    n_projections: int = 50,
    polish: int = 0,
    rotation_invariant: bool = False,
    generator: torch.Generator | None = None,
) -> GWResult:
    """Average one-dimensional Gromov-Wasserstein over random lines (Vayer, Flamary et al., 2019).

    Both spaces are projected on the same directions, the one of fewer dimensions padded with zeros;
    on each line, with squared Euclidean costs, the better of the ascending and the descending order
    counts, judged by moments: O(L n log n) time, O(L n) memory, no distance matrix. Unequal sizes
    and weights couple quantiles. The better order is an upper bound of each line's problem, not
    always its optimum (Beinert et al., 2022); the average bounds GW from neither side and changes
    under rotation.

    Args:
        x: Space of n points; its ground cost is not used.
        z: Space of m points; its ground cost is not used.
        n_projections: Lines, L.
        polish: Exact linear steps on each line at most, O(n^3) each at worst: for small n.
        rotation_invariant: Turn both spaces into their principal axes first, signs by skewness; the
            value is then invariant under rotation where all variances differ and no axis is
            symmetric.
        generator: Draws the directions.

    Returns:
        The average; differentiable in points and weights at fixed directions, orders and axes. It
        has no coupling.

    Raises:
        SpaceError: Where a space has no points, or ``n_projections`` is not positive.
    """
    if n_projections < 1:
        raise SpaceError(f"n_projections must be at least 1, got {n_projections}")
    (x, _), (z, _) = x.supported(), z.supported()
    points_x, points_z = x.flat, z.flat
    if rotation_invariant:
        points_x, points_z = _principal(points_x, x.mass), _principal(points_z, z.mass)
    width_x, width_z = points_x.shape[1], points_z.shape[1]
    device = points_x.device if generator is None else generator.device
    size = (n_projections, max(width_x, width_z))
    directions = torch.randn(size, generator=generator, dtype=points_x.dtype, device=device)
    directions = torch.nn.functional.normalize(directions, dim=1).to(points_x.device)
    p = None if x.weights is None else x.mass
    q = None if z.weights is None else z.mass
    lines_x, p = ascending(_centred(directions[:, :width_x] @ points_x.T, p), p)  # (L, n)
    lines_z, q = ascending(_centred(directions[:, :width_z] @ points_z.T, q), q)  # (L, m)

    with torch.no_grad():
        kept = _cross(monotone(lines_x, lines_z, p, q))
        flipped = None if q is None else q.flip(-1)
        turned = _cross(monotone(lines_x, -lines_z.flip(-1), p, flipped))
    # z -> -z changes no distance: the descending order is the ascending one of the mirrored line
    mirror = (turned > kept)[:, None]
    lines_z = torch.where(mirror, -lines_z.flip(-1), lines_z)
    q = None if q is None or flipped is None else torch.where(mirror, q.flip(-1), q)
    atoms = monotone(lines_x, lines_z, p, q)
    values = _line_values(atoms)
    if polish > 0:
        values = _polished(lines_x, lines_z, p, q, atoms, values, polish)
    value = values.clamp(min=0).mean()  # rounding alone makes a line's value negative
    return GWResult(value, value, None, True, n_projections, 0.0)


def _centred(lines: Tensor, weights: Tensor | None) -> Tensor:
    mean = lines.mean(-1) if weights is None else lines @ weights
    return lines - mean[:, None]


def _cross(atoms: Atoms) -> Tensor:
    # the part of a centred line's value that the order decides, up to the factor -4
    return atoms.mean((atoms.x * atoms.z).square()) + 2 * atoms.mean(atoms.x * atoms.z).square()


def _line_values(atoms: Atoms) -> Tensor:
    """Sum (|x_i - x_j|^2 - |z_i - z_j|^2)^2 m_i m_j of centred lines, (L,), from moments."""
    squares_x, squares_z = atoms.x.square(), atoms.z.square()
    mean_x, mean_z = atoms.mean(squares_x), atoms.mean(squares_z)
    # E (x_i - x_j)^4 = 2 E x^4 + 6 (E x^2)^2, and both cross terms, gathered as squares
    fourth = atoms.mean((squares_x - squares_z).square())
    product = atoms.mean(atoms.x * atoms.z)
    return (
        2 * fourth
        + 2 * (mean_x - mean_z).square()
        + 4 * (mean_x.square() + mean_z.square() - 2 * product.square())
    )


def _principal(points: Tensor, mass: Tensor) -> Tensor:
    """Points in their principal axes, each turned to positive skewness; the axes held fixed."""
    with torch.no_grad():
        centre = mass @ points
        centred = points - centre
        _, _, axes = torch.linalg.svd(mass.sqrt()[:, None] * centred, full_matrices=False)
        skewness = mass @ (centred @ axes.T).pow(3)
        axes = torch.where(skewness[:, None] < 0, -axes, axes)
    return (points - centre) @ axes.T


def _polished(
    lines_x: Tensor,
    lines_z: Tensor,
    p: Tensor | None,
    q: Tensor | None,
    atoms: Atoms,
    values: Tensor,
    steps: int,
) -> Tensor:
    """Values after exact linear steps from the monotone coupling of each line."""
    n, m = lines_x.shape[1], lines_z.shape[1]
    polished = []
    for line in range(len(values)):
        weights_x = _row(p, line, n)
        weights_z = _row(q, line, m)
        start = _entries(atoms, line, (n, m))
        found = descend(
            _line_form(_array(lines_x[line]), _array(lines_z[line])),
            weights_x,
            weights_z,
            start,
            max_steps=steps,
        ).plan
        rows, cols = torch.from_numpy(found.rows), torch.from_numpy(found.cols)
        mass = torch.from_numpy(found.mass).to(lines_x)
        better = Atoms(lines_x[line, rows][None], lines_z[line, cols][None], mass[None])
        polished.append(_line_values(better)[0])
    return torch.minimum(values, torch.stack(polished))


def _array(tensor: Tensor) -> Array:
    return np.asarray(tensor.detach().cpu().double().numpy())


def _row(weights: Tensor | None, line: int, count: int) -> Array:
    return np.full(count, 1.0 / count) if weights is None else _array(weights[line])


def _line_form(x: Array, z: Array) -> LiftedForm:
    return LiftedForm(x[:, None], z[:, None], np.square(x), np.square(z), 1.0)


def _entries(atoms: Atoms, line: int, shape: tuple[int, int]) -> Entries:
    if atoms.rows is None or atoms.cols is None:
        index = np.arange(shape[0])
        return Entries(index, index, np.full(shape[0], 1.0 / shape[0]), shape, ordered=True)
    mass = _array(atoms.mass[min(line, len(atoms.mass) - 1)])
    return Entries(atoms.rows[line].cpu().numpy(), atoms.cols[line].cpu().numpy(), mass, shape)
