"""The Gromov-Wasserstein coupling of a batch: which point goes with which code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.drawing import INK, MUTED, Panel, axes, panel
from gwae_core.report.latent import label_name
from gwae_core.report.section import Section, array_of

LIGHT = LinearSegmentedColormap.from_list(
    "light", matplotlib.colormaps["Blues"](np.linspace(0, 0.7))
)
"""Light enough for dots on it."""
MAX_NAMES = 24
"""Most groups whose names stand at an axis."""
TEXT = (
    "The Gromov-Wasserstein plan between a batch of test points and codes, by the distances within "
    "each alone: of all starts of the solver, among them each point with its own code, the plan of "
    "least distortion. Each dot is mass of the plan, the shade behind it the share of a row's "
    "group that goes to a column's."
)


def coupling_sections(evaluation: Evaluation) -> list[Section]:
    """Plans between data and their codes, and between data and a mixture prior."""
    figures, facts = evaluation.figures, evaluation.facts
    codes, groups = array_of(figures, "coupling_codes", 2), array_of(figures, "coupling_groups", 1)
    prior, components = (
        array_of(figures, "coupling_prior", 2),
        array_of(figures, "coupling_components", 1),
    )
    labelled = "y" in figures
    names = facts.get("label_names") if labelled else None
    kind = "label" if labelled else "component"
    panels = []
    if codes is not None:
        _check("coupling_codes", codes, groups, groups)
        panels.append(_codes_panel(codes, groups, kind=kind, names=names))
    if prior is not None and groups is not None and components is not None:
        _check("coupling_prior", prior, groups, components)
        panels.append(_prior_panel(prior, groups, components, kind=kind, names=names))
    return [Section("coupling", "Coupling of a batch", TEXT, (*panels,), "pairs")]


def _check(
    name: str,
    plan: NDArray[Any],
    rows: NDArray[Any] | None,
    columns: NDArray[Any] | None,
) -> None:
    expected = tuple(
        size if groups is None else len(groups)
        for size, groups in zip(plan.shape, (rows, columns), strict=True)
    )
    if plan.shape != expected or (plan < 0).any() or not plan.sum() > 0:
        raise ValueError(f"the array {name} is no plan of {expected} points: {plan.shape}")


def _codes_panel(
    plan: NDArray[Any], groups: NDArray[Any] | None, *, kind: str, names: Sequence[str] | None
) -> Panel:
    n = len(plan)
    own = float(np.trace(plan) / plan.sum())
    caption = f"Data and their own codes, in the same order. {own:.0%} of the mass of {n} points "
    caption += "lies on the diagonal, where a point is coupled to its own code"
    if groups is not None:
        same = float(plan[groups[:, None] == groups].sum() / plan.sum())
        caption += f"; {same:.0%} stays within its {kind}"
    with axes(4.9, 4.1) as ax:
        rows = None if groups is None else _Blocks(groups, names)
        _draw(ax, plan, rows, rows, kind=kind)
        ax.set_ylabel(_axis("test points", groups, kind))
        ax.set_xlabel(_axis("their codes", groups, kind))
        alt = f"Coupling of {n} test points with their codes: {own:.0%} of the mass on the diagonal"
        return panel(ax, "coupling_codes", alt, f"{caption}.")


def _prior_panel(
    plan: NDArray[Any],
    groups: NDArray[Any],
    components: NDArray[Any],
    *,
    kind: str,
    names: Sequence[str] | None,
) -> Panel:
    rows, columns = _Blocks(groups, names), _Blocks(components, None)
    mass = rows.sum_of(plan, columns)
    main = float(mass.max(axis=0).sum() / mass.sum())
    caption = (
        f"Data and samples of the prior, by component. {main:.0%} of the mass goes to the {kind} "
        "that its component takes most from; 100% where each component has the geometry of one."
    )
    with axes(4.9, 4.1) as ax:
        _draw(ax, plan, rows, columns, kind=kind)
        ax.set_ylabel(_axis("test points", groups, kind))
        ax.set_xlabel(_axis("prior samples", components, "component"))
        alt = (
            f"Coupling of {plan.shape[0]} test points with {plan.shape[1]} samples of "
            f"{len(columns.names)} components of the prior: {main:.0%} of the mass goes to the "
            f"{kind} that its component takes most from"
        )
        return panel(ax, "coupling_prior", alt, caption)


class _Blocks:
    """Runs of equal groups along an axis."""

    def __init__(self, groups: NDArray[Any], names: Sequence[str] | None) -> None:
        starts = np.flatnonzero(np.diff(groups)) + 1
        self.edges = np.array([0, *starts, len(groups)])
        self.names = [label_name(int(groups[start]), names) for start in self.edges[:-1]]
        self.middles = (self.edges[:-1] + self.edges[1:]) / 2

    def sum_of(self, plan: NDArray[Any], columns: _Blocks) -> NDArray[Any]:
        """Mass of each pair of blocks."""
        by_row = np.add.reduceat(plan, self.edges[:-1], axis=0)
        return np.asarray(np.add.reduceat(by_row, columns.edges[:-1], axis=1))


def _draw(
    ax: Axes,
    plan: NDArray[Any],
    rows: _Blocks | None,
    columns: _Blocks | None,
    *,
    kind: str,
) -> None:
    ax.grid(False)
    n, m = plan.shape
    if rows is not None and columns is not None:
        mass = rows.sum_of(plan, columns)
        shares = mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-12)
        mesh = ax.pcolormesh(columns.edges, rows.edges, shares, cmap=LIGHT, vmin=0, vmax=1)
        mesh.set_edgecolor("white")
        mesh.set_linewidth(0.6)
        bar = ax.figure.colorbar(mesh, ax=ax, label=f"share of the row's {kind}", fraction=0.05)
        bar.outline.set_visible(False)
        for blocks, ticks, across in (
            (rows, ax.set_yticks, False),
            (columns, ax.set_xticks, True),
        ):
            if len(blocks.names) <= MAX_NAMES:
                crowded = across and len(blocks.names) * max(map(len, blocks.names)) > 36
                ticks(blocks.middles, blocks.names, rotation=90 if crowded else 0)
            else:
                ticks([])
    heaviest = plan.max()
    i, k = np.nonzero(plan > 0.02 * heaviest)
    size = 14 * plan[i, k] / heaviest * 64 / max(n, m)
    ax.scatter(k + 0.5, i + 0.5, s=size, color=INK, linewidths=0)
    ax.set_xlim(0, m)
    ax.set_ylim(n, 0)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color(MUTED)


def _axis(what: str, groups: NDArray[Any] | None, kind: str) -> str:
    return f"{what}, near ones beside each other" if groups is None else f"{what}, by {kind}"
