"""Local optima of the unregularised Gromov-Wasserstein problem."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gwae_core.errors import SpaceError
from gwae_core.sharding import solved_once
from gwae_core.solvers.anneal import Annealed, anneal
from gwae_core.solvers.assignment import is_uniform, solve_linear
from gwae_core.solvers.descent import Descent, descend
from gwae_core.solvers.effort import effort_of
from gwae_core.solvers.exchange import exchange
from gwae_core.solvers.forms import Array, DenseForm, Entries, LiftedForm, QuadraticForm
from gwae_core.solvers.lift import (
    Side,
    dense_form,
    lifted_form,
    side_of_costs,
    side_of_landmarks,
    side_of_moments,
    to_numpy,
)
from gwae_core.solvers.moments import Moments, moments_of, squared_features, squared_value
from gwae_core.solvers.multilevel import descend_large
from gwae_core.solvers.value import fixed_plan_value, with_weight_gradient
from gwae_core.spaces import GWResult, MMSpace, SparsePlan


def exact_gw(
    x: MMSpace,
    z: MMSpace,
    *,
    starts: Sequence[Tensor | SparsePlan] = (),
    gamma: Tensor | None = None,
    n_starts: int = 1,
    generator: torch.Generator | None = None,
) -> GWResult:
    """Minimise sum_ijkl |c_x(i,j) - c_z(k,l)|^2 T_ik T_jl over couplings, to a local optimum.

    Annealed entropic steps on the cross-covariance Gamma = X^T T Z, then exact linear steps. Costs
    that are squared Euclidean distances of points (``sqeuclidean``, ``cosine``) are solved as they
    are; others through kernel-PCA features, then polished on the true cost. Effort follows from the
    number of points alone (`effort_of`). The value is differentiable in points, distances and
    weights of both spaces (envelope theorem: the coupling is held fixed; weights through the dual
    potentials, at equal uniform weights one subgradient of many).

    Args:
        x: Space of n points.
        z: Space of m points.
        starts: Couplings, (n, m), each also followed down to its own local optimum.
        gamma: `GWResult.gamma` of a similar problem, such as the previous mini-batch: annealing
            then starts at a lower temperature. Used where both costs have exact features of
            its shape.
        n_starts: Annealed starts as one batch; those after the first are tilted at random.
        generator: Draws the random tilts.

    Returns:
        The best coupling found; ``converged`` says that no linear step improves it.

    Raises:
        SpaceError: Where a start has the wrong shape or ``n_starts`` is not positive.
    """
    if n_starts < 1:
        raise SpaceError(f"n_starts must be at least 1, got {n_starts}")
    for start in starts:
        if tuple(start.shape) != (x.n, z.n):
            raise SpaceError(f"a start must be ({x.n}, {z.n}), got {tuple(start.shape)}")
    seed = 0
    if n_starts > 1:
        device = generator.device if generator is not None else "cpu"
        seed = int(torch.randint(2**31, (), generator=generator, device=device))
    moments = _moments(x, z)

    def solve() -> tuple[SparsePlan, Tensor | None, bool, int]:
        problem = _Problem(x, z, moments)
        best = problem.solve(
            [problem.enter(start) for start in starts],
            gamma,
            range(seed, seed + max(n_starts, problem.effort.starts)),
        )
        return problem.leave(best.plan), problem.gamma(best.plan), best.converged, best.n_iter

    with torch.no_grad():
        plan, new_gamma, converged, n_iter = solved_once(solve)
    value = squared_value(*moments, plan) if moments else fixed_plan_value(x, z, plan)
    value = with_weight_gradient(value, x, z, plan)
    error = plan.marginal_error(x.mass.detach(), z.mass.detach())
    return GWResult(value, value, plan, converged, n_iter, error, new_gamma)


def _moments(x: MMSpace, z: MMSpace) -> tuple[Moments, Moments] | None:
    """Moments of both sides, shared by the solver and the value, where both costs allow them."""
    points_x, points_z = squared_features(x), squared_features(z)
    if points_x is None or points_z is None:
        return None
    return moments_of(points_x, x.mass), moments_of(points_z, z.mass)


class _Problem:
    """One pair of spaces in numpy: massless points left out, the side of more dimensions first."""

    def __init__(self, x: MMSpace, z: MMSpace, moments: tuple[Moments, Moments] | None) -> None:
        self.like = x.like
        self.shape = (x.n, z.n)
        self.effort = effort_of(max(x.n, z.n))
        self.dtype = torch.float64 if self.effort.double else torch.float32
        self.native = moments is not None
        self.swapped = False
        self.index = [_support(x), _support(z)]
        self.sides = [
            self._side(space, index, known)
            for space, index, known in zip((x, z), self.index, moments or (None, None), strict=True)
        ]
        # the order decides the local optimum, so it must not depend on which side came first
        if self._key(self.sides[1]) > self._key(self.sides[0]):
            self.swapped = True
            self.sides.reverse()

    def _side(self, space: MMSpace, index: Array | None, moments: Moments | None) -> Side:
        mass = to_numpy(space.mass, torch.float64)
        mass = mass if index is None else mass[index]
        p = (mass / mass.sum()).astype(np.float64 if self.effort.double else np.float32)
        if moments is not None:
            if index is not None:
                kept = torch.from_numpy(index).to(moments.p.device)
                moments = moments_of(moments.x[kept], moments.p[kept])
            return side_of_moments(moments, p, self.dtype)
        effort = self.effort
        if effort.landmarks is not None:
            supported, _ = space.supported()
            return side_of_landmarks(
                supported,
                p,
                self.dtype,
                components=effort.components,
                landmarks=effort.landmarks,
            )
        c = space.d if index is None else space.d[index][:, index]
        components = None if effort.dense else effort.components
        return side_of_costs(c, p, self.dtype, components=components)

    @staticmethod
    def _key(side: Side) -> tuple[float, ...]:
        dimension = 0 if side.features is None else side.features.shape[1]
        return (dimension, len(side.p), side.self_term, float(side.p @ np.square(side.a)))

    def enter(self, plan: Tensor | SparsePlan) -> Entries:
        """A coupling of the caller's as one of this problem's."""
        dense = plan.dense() if isinstance(plan, SparsePlan) else plan
        matrix = to_numpy(dense, self.dtype)
        for axis, index in enumerate(self.index):
            matrix = matrix if index is None else matrix.take(index, axis)
        return Entries.of_dense(matrix.T if self.swapped else matrix)

    def leave(self, plan: Entries) -> SparsePlan:
        """A coupling of this problem's as one of the caller's."""
        coords = (plan.cols, plan.rows) if self.swapped else (plan.rows, plan.cols)
        rows, cols = (
            np.asarray(c, np.int64) if index is None else index[c]
            for c, index in zip(coords, self.index, strict=True)
        )
        order = np.argsort(rows, kind="stable") if self.swapped else slice(None)
        device = self.like.device
        return SparsePlan(
            torch.from_numpy(rows[order]).to(device),
            torch.from_numpy(cols[order]).to(device),
            torch.from_numpy(plan.mass[order]).to(device, self.like.dtype),
            self.shape,
            plan.ordered and plan.shape == self.shape,
        )

    def gamma(self, plan: Entries) -> Tensor | None:
        """X^T T Z in the caller's orientation and scale; None without exact features."""
        if not self.native:
            return None
        x, z = self.sides
        assert x.features is not None and z.features is not None
        gamma = x.features.T @ plan.times(z.features) * (x.scale * z.scale)
        return torch.from_numpy(gamma.T if self.swapped else gamma).to(self.like)

    def solve(self, starts: list[Entries], gamma: Tensor | None, seeds: Sequence[int]) -> Descent:
        x, z = self.sides
        lifted = self.native or not self.effort.dense
        form: QuadraticForm = lifted_form(x, z) if lifted else dense_form(x, z)
        exact: QuadraticForm = form
        if not self.native and not self.effort.dense and self.effort.polish:
            exact = dense_form(x, z)
        coarse = self.effort.coarse
        if coarse is not None and isinstance(form, LiftedForm) and is_uniform(x.p, z.p):
            found = [self._multilevel(form, exact, coarse)]
        else:
            found = self._annealed(form, exact, gamma, seeds)
        found += [
            descend(exact, x.p, z.p, start, max_steps=max(self.effort.steps, 20))
            for start in starts
        ]
        if self.effort.exchange and is_uniform(x.p, z.p):
            full = exact if isinstance(exact, DenseForm) else dense_form(x, z)
            found = [self._exchanged(full, exact, descent) for descent in found]
        best = min(found, key=lambda descent: descent.value)
        return Descent(best.plan, best.value, best.converged, sum(d.n_iter for d in found))

    def _multilevel(self, form: LiftedForm, exact: QuadraticForm, coarse: int) -> Descent:
        x, z = self.sides
        rng = np.random.default_rng(0)  # a fixed subset: the same spaces give the same coupling
        subset = np.stack([rng.choice(side.p.size, coarse, replace=False) for side in (x, z)])
        small = form.restricted(*subset)
        p = np.full(coarse, 1.0 / coarse, form.dtype)
        epsilons = self.effort.epsilons(form.product_value)
        annealed = anneal(
            small, p, p, small.tilted_state([0], 1e-4), epsilons=epsilons, inner=self.effort.inner
        )
        found = descend_large(form, annealed, subset, steps=self.effort.steps)
        if exact is form:
            return found
        return descend(exact, x.p, z.p, found.plan, max_steps=self.effort.steps)

    def _exchanged(self, full: DenseForm, exact: QuadraticForm, descent: Descent) -> Descent:
        x, z = self.sides
        for _ in range(self.effort.steps):
            swapped = exchange(full, descent)
            if swapped is descent:
                break
            descent = descend(exact, x.p, z.p, swapped.plan, max_steps=self.effort.steps)
        return descent

    def _annealed(
        self,
        form: QuadraticForm,
        exact: QuadraticForm,
        gamma: Tensor | None,
        seeds: Sequence[int],
    ) -> list[Descent]:
        effort = self.effort
        x, z = self.sides
        scale = form.product_value
        state = self._warm_state(form, gamma)
        warm = state is not None
        if state is None:
            # exactly symmetric spaces have a saddle at the product coupling: a faint tilt leaves it
            state = form.tilted_state([0], 1e-4)
        if len(seeds) > 1:
            state = np.concatenate([state, form.tilted_state(seeds[1:], 1.0)])
        # a warm start knows Gamma but no potentials: they take more iterations at each temperature
        inner = 2 * effort.inner if warm else effort.inner
        annealed = anneal(
            form, x.p, z.p, state, epsilons=effort.epsilons(scale, warm=warm), inner=inner
        )
        return [self._descent(form, exact, annealed, k) for k in range(len(seeds))]

    def _warm_state(self, form: QuadraticForm, gamma: Tensor | None) -> Array | None:
        if gamma is None or not self.native or not isinstance(form, LiftedForm):
            return None
        x, z = self.sides
        matrix = to_numpy(gamma.T if self.swapped else gamma, self.dtype) / (x.scale * z.scale)
        assert x.features is not None and z.features is not None
        if matrix.shape != (x.features.shape[1], z.features.shape[1]):
            return None
        return form.state_of_gamma(matrix.astype(x.features.dtype))

    def _descent(
        self, form: QuadraticForm, exact: QuadraticForm, annealed: Annealed, k: int
    ) -> Descent:
        x, z = self.sides
        vertex = solve_linear(
            form.cost(annealed.state[k : k + 1])[0], x.p, z.p, f=annealed.f[k], g=annealed.g[k]
        )
        low = self.effort.low * max(form.product_value, 1e-30)  # single points have no scale
        return descend(
            exact,
            x.p,
            z.p,
            vertex.plan,
            max_steps=self.effort.steps,
            g=annealed.g[k : k + 1],
            temperatures=(low, 0.6 * low) if self.effort.renew else (),
        )


def _support(space: MMSpace) -> Array | None:
    """Indices of the points that have mass, or None where all have."""
    if space.weights is None:
        return None
    kept = np.flatnonzero(to_numpy(space.weights, torch.float64) > 0)
    return None if len(kept) == space.n else kept
