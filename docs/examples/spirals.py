"""Match a spiral in the plane with one in space by every estimator of core, and draw it.

Writes spirals.png and spirals.txt into the folder given, or to where the documentation has them.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from gwae_core import GWResult, distance

N = 90
PLANE, SPACE = "#0072B2", "#D55E00"  # two colours that everybody can tell apart
ESTIMATORS = {
    "paired": {"type": "paired"},
    "exact": {"type": "exact"},
    "entropic": {"type": "entropic"},
    "gromov-monge-gap": {"type": "gromov-monge-gap"},
    "lower-bound, first": {"type": "lower-bound", "bound": "first"},
    "lower-bound, second": {"type": "lower-bound", "bound": "second"},
    "lower-bound, third": {"type": "lower-bound", "bound": "third"},
    "sliced": {"type": "sliced"},
    "sliced, turned": {"type": "sliced", "rotation_invariant": True},
}


def spirals(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A spiral in the plane (n, 2), one that rises in space (n, 3), and what drawing needs.

    Both are noisy; the second is turned, and its rows are in random order. The other two are the
    place of each point along the first, (n,), and the second before the turn, (n, 3).
    """
    random = np.random.default_rng(seed)
    t = np.sqrt(np.linspace(0.02, 1, N))
    angle = 4.2 * np.pi * t
    flat = t[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    z = flat + 0.01 * random.normal(size=flat.shape)
    raised = np.concatenate([flat, 0.9 * t[:, None]], 1) + 0.01 * random.normal(size=(N, 3))
    raised = random.permutation(raised)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    return z, raised @ turn, t, raised


def view(raised: np.ndarray) -> np.ndarray:
    """The spiral in space as seen from above its side, (n, 2)."""
    u, v, height = raised.T
    seen = np.stack([u, 0.4 * v + 1.6 * height], 1)
    return seen - (seen.max(0) + seen.min(0)) / 2


def draw_plan(ax: Axes, plan: np.ndarray) -> None:
    """Both spirals, lines between what is coupled, and the places that mass brings with it."""
    z, _, t, raised = spirals()
    left, right = z, view(raised) + np.array([2.6, 0])
    k, i = np.nonzero(plan.T > 0.02 / N)
    share = plan.T[k, i] * N
    lines = np.stack([left[k], right[i]], 1)
    colours = plt.get_cmap("viridis")(t[k])
    colours[:, 3] = 0.45 * np.clip(share, 0, 1)
    ax.add_collection(LineCollection(list(lines), colors=colours, linewidths=0.7, zorder=1))
    brought = plan @ t / plan.sum(1)  # the mean place of the points coupled with x_i
    style = {"cmap": "viridis", "vmin": 0, "vmax": 1, "s": 17, "edgecolors": "white"}
    ax.scatter(*left.T, c=t, linewidths=0.3, zorder=2, **style)
    ax.scatter(*right.T, c=brought, linewidths=0.3, zorder=2, **style)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()


def draw_distances(ax: Axes) -> None:
    """The sorted squared distances of both spirals; the bound is the mean of the gap's square."""
    z, x, _, _ = spirals()
    share = np.linspace(0, 1, N * N)
    both = [
        np.sort(np.square(points[:, None] - points[None]).sum(-1), axis=None) for points in (x, z)
    ]
    ax.fill_between(share, *both, color="0.85", lw=0)
    for values, colour, name in zip(
        both, (SPACE, PLANE), ("in space", "in the plane"), strict=True
    ):
        ax.plot(share, values, color=colour, lw=1.8, label=name)
    ax.set_xlabel("share of pairs", fontsize=8)
    ax.set_ylabel("squared distance", fontsize=8)
    ax.legend(frameon=False, fontsize=8)


def draw_line(ax: Axes) -> None:
    """One projection of each, coupled in the better of the two orders."""
    z, x, _, _ = spirals()
    direction = np.array([1.0, 2.0, 1.5])
    direction /= np.linalg.norm(direction)
    on_x, on_z = np.sort(x @ direction), np.sort(z @ direction[:2])
    on_x, on_z = on_x - on_x.mean(), on_z - on_z.mean()

    orders = (on_z, on_z[::-1])
    on_z = min(orders, key=lambda order: np.square(_squares(on_x) - _squares(order)).mean())
    ends = np.stack([np.stack([on_x, np.ones(N)], 1), np.stack([on_z, np.zeros(N)], 1)], 1)
    ax.add_collection(LineCollection(list(ends), colors="0.75", linewidths=0.6))
    ax.scatter(on_x, np.ones(N), color=SPACE, s=12, zorder=2)
    ax.scatter(on_z, np.zeros(N), color=PLANE, s=12, zorder=2)
    ax.text(0, 1.1, "in space", color=SPACE, ha="center", fontsize=8)
    ax.text(0, -0.2, "in the plane", color=PLANE, ha="center", fontsize=8)
    ax.set_ylim(-0.35, 1.3)
    ax.set_axis_off()


def _squares(values: np.ndarray) -> np.ndarray:
    return np.square(np.subtract.outer(values, values))


def draw(results: dict[str, GWResult], file: Path) -> None:
    """Six panels: four couplings, and what is compared where there is none."""

    def plan_of(name: str) -> Callable[[Axes], None]:
        return lambda ax: draw_plan(ax, results[name].dense().numpy())

    panels: dict[str, Callable[[Axes], None]] = {
        "paired": plan_of("paired"),
        "exact": plan_of("exact"),
        "entropic": plan_of("entropic"),
        "lower-bound, third": plan_of("lower-bound, third"),
        "lower-bound, second": draw_distances,
        "sliced": draw_line,
    }
    figure, axes = plt.subplots(2, 3, figsize=(10, 4.6), layout="constrained")
    for ax, (name, panel) in zip(axes.flat, panels.items(), strict=True):
        panel(ax)
        note = " (one of 50 lines)" if name == "sliced" else ""
        ax.set_title(f"{name}: {float(results[name].value):.4f}{note}", fontsize=10)
        ax.tick_params(labelsize=7)
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=100)
    plt.close(figure)


def table(results: dict[str, GWResult]) -> str:
    """What each estimator found."""
    rows = [f"{'estimator':<20}  {'value':>8}  converged  plan"]
    for name, result in results.items():
        plan = "none" if result.plan is None else type(result.plan).__name__
        converged = "yes" if result.converged else "no"
        rows.append(f"{name:<20}  {float(result.value):8.4f}  {converged:<9}  {plan}")
    return "\n".join(rows) + "\n"


def matched() -> dict[str, GWResult]:
    """What each estimator finds; squared Euclidean costs, since sliced knows only those."""
    z, x, _, _ = spirals()
    return {
        name: distance(x, z, estimator=estimator, cost="sqeuclidean")
        for name, estimator in ESTIMATORS.items()
    }


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    pictures, texts = (
        (here.parent / "assets", here) if len(sys.argv) < 2 else (Path(sys.argv[1]),) * 2
    )
    found = matched()
    draw(found, pictures / "spirals.png")
    (texts / "spirals.txt").write_text(table(found), encoding="utf-8")
    print(table(found), end="")
