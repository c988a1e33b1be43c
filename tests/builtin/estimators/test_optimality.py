"""`exact` against an independent solver and against brute force, on 50 small problems.

Half of the costs are squared Euclidean and half Euclidean, in 2 or 3 dimensions, with at most 7
points and uniform weights. Both costs are of negative type, so that the objective is concave in the
coupling, a permutation is optimal, and the search over all permutations finds the optimum.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import ot
import pytest
import torch
from numpy.typing import NDArray

from gwae_core.builtin.estimators import Exact
from gwae_core.spaces import MMSpace

Array = NDArray[np.float64]
STARTS = 3
"""Random couplings that both solvers begin from."""


@dataclass(frozen=True)
class Problem:
    """Two spaces of n points, with their costs."""

    x: MMSpace
    z: MMSpace
    starts: tuple[Array, ...]

    @classmethod
    def of(cls, seed: int) -> Problem:
        random = np.random.default_rng(seed)
        n = int(random.integers(4, 8))
        cost = ("sqeuclidean", "euclidean")[seed % 2]
        x, z = (
            MMSpace(torch.from_numpy(random.normal(size=(n, p))), cost=cost)
            for p in random.integers(2, 4, size=2)
        )
        starts = [np.full((n, n), 1 / n**2)]
        starts += [np.eye(n)[random.permutation(n)] / n for _ in range(STARTS)]
        return cls(x, z, tuple(starts))

    @property
    def costs(self) -> tuple[Array, Array]:
        return self.x.d.numpy(), self.z.d.numpy()

    def value(self, plan: Array) -> float:
        """The definition, summed over all four indices."""
        d_x, d_z = self.costs
        gaps = np.square(d_x[:, :, None, None] - d_z[None, None])  # i j k l
        return float(np.einsum("ijkl,ik,jl->", gaps, plan, plan, optimize=True))

    def optimum(self) -> float:
        """The least value over all n! permutations."""
        d_x, d_z = self.costs
        n = len(d_x)
        every = np.array(list(itertools.permutations(range(n))))  # (n!, n)
        permuted = d_z[every[:, :, None], every[:, None, :]]  # (n!, n, n)
        return float(np.square(d_x - permuted).mean((1, 2)).min())

    def conditional_gradient(self) -> float:
        """The best that POT's conditional gradient finds from the starts."""
        d_x, d_z = self.costs
        weights = np.full(len(d_x), 1 / len(d_x))
        return min(
            self.value(
                ot.gromov.gromov_wasserstein(
                    d_x,
                    d_z,
                    weights,
                    weights,
                    loss_fun="square_loss",
                    G0=start,
                    symmetric=True,
                    max_iter=10_000,
                    tol_rel=1e-12,
                    tol_abs=1e-12,
                )
            )
            for start in self.starts
        )

    def solved(self, *, starts: int, given: bool) -> float:
        """What `exact` finds, valued by the definition."""
        result = Exact(Exact.Config(num_starts=starts)).solve(
            self.x,
            self.z,
            starts=[torch.from_numpy(start) for start in self.starts] if given else [],
            generator=torch.Generator().manual_seed(0),
        )
        value = self.value(result.dense().numpy())
        assert math.isclose(float(result.value), value, rel_tol=1e-9, abs_tol=1e-12)
        return value


PROBLEMS = range(50)


def test_never_worse_than_the_conditional_gradient_from_the_same_starts() -> None:
    worse = {}
    for seed in PROBLEMS:
        problem = Problem.of(seed)
        ours, theirs = problem.solved(starts=1, given=True), problem.conditional_gradient()
        if ours > theirs * (1 + 1e-9):
            worse[seed] = (ours, theirs)
    assert not worse


def test_twenty_starts_find_the_optimum() -> None:
    missed = {}
    for seed in PROBLEMS:
        problem = Problem.of(seed)
        ours, best = problem.solved(starts=20, given=False), problem.optimum()
        assert ours >= best * (1 - 1e-9)
        if ours > best * (1 + 1e-9):
            missed[seed] = ours / best
    assert len(missed) <= 2, missed


def test_brute_force_finds_a_permuted_copy() -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 2)))
    problem = Problem(MMSpace(x), MMSpace(x.flip(0)), ())
    assert problem.optimum() == pytest.approx(0, abs=1e-25)
    assert Problem(MMSpace(x), MMSpace(2 * x), ()).optimum() > 0.1
