"""The laws of Gromov-Wasserstein, as far as an estimator is not exempt from them."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from gwae_core.errors import GWAEError
from gwae_core.spaces import GWResult, MMSpace
from gwae_core.testing.check import NotApplicable
from gwae_core.testing.modules import EstimatorSubject

Law = Callable[[EstimatorSubject], None]

POINTS = 8
"""Points of a space."""
TOLERANCE = 1e-3
"""Largest change, in units of the value of the product coupling, that a law allows."""


LAWS: dict[str, Law] = {}
"""Laws by name; `Estimator.exempt_from` names those that a value breaks by nature."""


def law(verb: Law) -> Law:
    """Add a law to the table; estimators that are exempt from it are not checked."""

    @functools.wraps(verb)
    def checked(subject: EstimatorSubject) -> None:
        if verb.__name__ in subject.exempt_from:
            raise NotApplicable("the estimator says that it is exempt from this law")
        verb(subject)

    LAWS[verb.__name__] = checked
    return checked


def known_exemptions(subject: EstimatorSubject) -> None:
    """The laws that the estimator is exempt from are laws of this kit."""
    unknown = sorted(subject.exempt_from - LAWS.keys())
    assert not unknown, (
        f"exempt_from names no law: {', '.join(unknown)}; laws: {', '.join(sorted(LAWS))}"
    )


@law
def symmetry(subject: EstimatorSubject) -> None:
    """Both spaces count alike: GW(x, z) = GW(z, x)."""
    x, z = _spaces(subject)
    there, back = _value(subject, x, z), _value(subject, z, x)
    _require_equal(
        there, back, x, z, "value changes where the spaces change places; treat both alike"
    )


@law
def isometry_invariance(subject: EstimatorSubject) -> None:
    """A rotated, reflected and shifted space is the same space."""
    x, z = _spaces(subject)
    before, after = _value(subject, x, z), _value(subject, x, _moved(z))
    _require_equal(before, after, x, z, "value changes when z is rotated; use distances alone")


@law
def permutation_invariance(subject: EstimatorSubject) -> None:
    """The order of points says nothing; where the coupling is given, that of both spaces."""
    x, z = _spaces(subject, weighted=True)
    order = _order(z.n)
    moved_x = x if subject.estimator.solves else _taken(x, order)
    before, after = _value(subject, x, z), _value(subject, moved_x, _taken(z, order))
    _require_equal(before, after, x, z, "value changes with the order of the points")


@law
def zero_on_isometric_copies(subject: EstimatorSubject) -> None:
    """A space and its rotated copy, in another order where it solves, are at value 0."""
    x, _ = _spaces(subject)
    copy = _moved(x)
    z = _taken(copy, _order(x.n)) if subject.estimator.solves else copy
    message = "value is not 0 for a space and its rotated copy; the optimum is 0"
    _require_equal(_value(subject, x, z), torch.zeros(()), x, z, message)


@law
def non_negative(subject: EstimatorSubject) -> None:
    """No value is negative."""
    for weighted in (False, True):
        x, z = _spaces(subject, weighted=weighted)
        for a, b in ((x, z), (z, x), (x, x)):
            value = _value(subject, a, b)
            assert value >= -1e-6 * _scale(a, b), (
                f"value is {value.item():g}; a mean of powers of differences cannot be negative"
            )


@law
def marginals(subject: EstimatorSubject) -> None:
    """The plan is not negative and has the spaces' weights as its sums."""
    if not subject.estimator.has_plan:
        raise NotApplicable("the estimator has no plan")
    x, z = _spaces(subject, weighted=True, sizes=_sizes(subject))
    result = _solve(subject, x, z)
    plan = result.dense()  # (n, m)
    assert bool((plan >= 0).all()), f"the plan has negative entries, down to {plan.min().item():g}"
    error = float((plan.sum(1) - x.mass).abs().sum() + (plan.sum(0) - z.mass).abs().sum())
    assert error < 0.05, (
        f"the plan's sums differ from the weights by {error:.2g}; rows sum to the weights of x, "
        "columns to those of z"
    )
    assert abs(error - result.marginal_error) < 1e-3, (
        f"marginal_error is {result.marginal_error:.2g}, but |T 1 - p| + |T^T 1 - q| is {error:.2g}"
    )


@law
def one_point(subject: EstimatorSubject) -> None:
    """Two spaces of one point are at value 0, a point and a space at the space's own size."""
    x, z = _spaces(subject)
    point = _taken(z, torch.tensor([0]))
    value = _value(subject, _taken(x, torch.tensor([0])), point)
    assert value.abs() < 1e-9, f"value is {value.item():g} for two spaces of one point, not 0"
    if subject.estimator.solves and subject.estimator.has_plan:
        size = (x.d.pow(subject.exponent()) * x.mass[:, None] * x.mass[None, :]).sum()
        message = "value of a space and one point differs from sum d^rho p p, which is the only one"
        _require_equal(_value(subject, x, point), size, x, x, message)


@law
def unequal_sizes(subject: EstimatorSubject) -> None:
    """Spaces of unequal sizes are compared, or refused where row i goes with row i."""
    x, z = _spaces(subject, sizes=(POINTS, POINTS - 3))
    if not subject.estimator.solves:
        try:
            _solve(subject, x, z)
        except GWAEError:
            return
        raise AssertionError(
            "spaces of unequal sizes are taken, though the coupling is given; raise SpaceError"
        )
    result = _solve(subject, x, z)
    assert bool(torch.isfinite(result.value)), "value is not finite for spaces of unequal sizes"
    if subject.estimator.has_plan:
        shape = tuple(result.dense().shape)
        assert shape == (x.n, z.n), f"the plan has shape {shape} for {x.n} and {z.n} points"


@law
def zero_weights(subject: EstimatorSubject) -> None:
    """Points without mass change nothing."""
    x, z = _spaces(subject, weighted=True)
    before = _value(subject, x, z)
    grown = [_extended(space, 10 + 5 * space.flat[:1], space.mass.new_zeros(1)) for space in (x, z)]
    after = _value(subject, *grown)
    _require_equal(before, after, x, z, "value changes with a point of weight 0; leave those out")


@law
def duplicates(subject: EstimatorSubject) -> None:
    """A point and two copies of it with half its weight each are the same."""
    x, z = _spaces(subject, weighted=True)
    before = _value(subject, x, z)
    halved = [_halved(space) for space in (x, z)]
    after = _value(subject, *halved)
    _require_equal(before, after, x, z, "value changes where a point is split into two copies")


@law
def nan_refused(subject: EstimatorSubject) -> None:
    """NaN in points is refused or makes the value NaN: it never gives a number."""
    x, z = _spaces(subject)
    points = x.flat.clone()
    points[1, 0] = torch.nan
    try:
        value = _value(subject, MMSpace(points=points, cost=x.cost), z)
    except GWAEError:
        return
    assert not bool(torch.isfinite(value)), (
        f"points with NaN give the value {value.item():g}; refuse them: raise SpaceError, or let "
        "NaN through"
    )


@law
def precision(subject: EstimatorSubject) -> None:
    """float32 and float64 give the same value."""
    x, z = _spaces(subject)
    wide = _value(subject, x, z)
    if not torch.equal(wide, _solve(subject, x, z, seed=1).value):
        raise NotApplicable("the estimator draws random numbers, others for each type")
    narrow = _value(subject, *(MMSpace(points=s.flat.float(), cost=s.cost) for s in (x, z)))
    message = "value in float32 differs from that in float64; look for differences of large sums"
    _require_equal(wide, narrow.double(), x, z, message)


def _spaces(
    subject: EstimatorSubject, *, weighted: bool = False, sizes: tuple[int, int] = (POINTS, POINTS)
) -> tuple[MMSpace, MMSpace]:
    """Points on growing spheres, and a smaller, blurred image of fewer dimensions, in float64.

    One coupling is far better than all others, so that no law hangs on which local optimum is
    found.
    """
    d = subject.latent_dim
    generator = torch.Generator().manual_seed(10)
    noise = torch.randn(2, POINTS, d + 2, generator=generator).double()
    radii = torch.linspace(0.5, 4, POINTS).double()[:, None]
    x = radii * torch.nn.functional.normalize(noise[0], dim=1)
    x[:, d:] *= 0.2
    z = 0.5 * x[:, :d] + 0.1 * noise[1, :, :d]
    weights = torch.linspace(1, 2, POINTS).double() if weighted else torch.ones(POINTS).double()
    spaces = []
    for points, n in ((x, sizes[0]), (z, sizes[1])):
        p = weights[:n] / weights[:n].sum()
        spaces.append(MMSpace(points[:n], weights=p if weighted else None, cost=subject.cost()))
    return spaces[0], spaces[1]


def _sizes(subject: EstimatorSubject) -> tuple[int, int]:
    return (POINTS, POINTS - 3 if subject.estimator.solves else POINTS)


def _moved(space: MMSpace) -> MMSpace:
    """The space rotated and reflected; a cosine knows the origin, other costs are shifted too."""
    p = space.flat.shape[1]
    normal = torch.randn(p, p, generator=torch.Generator().manual_seed(11)).double()
    rotation, _ = torch.linalg.qr(normal)
    moved = space.flat @ rotation.T + (0 if space.cost == "cosine" else 1.5)
    return MMSpace(moved, weights=space.weights, cost=space.cost)


def _order(n: int) -> Tensor:
    return torch.randperm(n, generator=torch.Generator().manual_seed(12))


def _taken(space: MMSpace, rows: Tensor) -> MMSpace:
    weights = None if space.weights is None else space.weights[rows]
    return MMSpace(space.flat[rows], weights=weights, cost=space.cost)


def _extended(space: MMSpace, points: Tensor, weights: Tensor) -> MMSpace:
    return MMSpace(
        torch.cat([space.flat, points]),
        weights=torch.cat([space.mass, weights]),
        cost=space.cost,
    )


def _halved(space: MMSpace) -> MMSpace:
    """The space whose first point is there twice, with half its weight each."""
    half = torch.ones_like(space.mass)
    half[0] = 0.5
    lighter = MMSpace(space.flat, weights=half * space.mass, cost=space.cost)
    return _extended(lighter, space.flat[:1], lighter.mass[:1])


def _solve(subject: EstimatorSubject, x: MMSpace, z: MMSpace, *, seed: int = 0) -> GWResult:
    generator = torch.Generator().manual_seed(seed)
    module = subject.build().to(x.like.dtype).eval()
    result: GWResult = module(x, z, rho=subject.exponent(), generator=generator)
    return result


def _value(subject: EstimatorSubject, x: MMSpace, z: MMSpace) -> Tensor:
    return _solve(subject, x, z).value.detach()


def _scale(x: MMSpace, z: MMSpace) -> float:
    """Size of both spaces: an upper bound of the value, for rho = 2."""
    sizes = [(s.d.square() * s.mass[:, None] * s.mass[None, :]).sum() for s in (x, z)]
    return float(sizes[0] + sizes[1])


def _require_equal(a: Tensor, b: Tensor, x: MMSpace, z: MMSpace, message: str) -> None:
    gap = float((a - b).abs()) / _scale(x, z)
    assert gap < TOLERANCE, f"{message} ({a.item():.6g} and {b.item():.6g})"
