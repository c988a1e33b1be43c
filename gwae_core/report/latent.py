"""Figures of the codes: where they lie, and what became of distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.patheffects import withStroke
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from gwae_core.report.drawing import BLUE, INK, MARKERS, PALETTE, VERMILLION, Panel, axes, panel

MAX_LEGEND = 20
"""Most labels that are told apart; more are shown on a scale."""


def embedding_panel(
    z_2d: NDArray[Any],
    y: NDArray[Any] | None,
    *,
    label_names: Sequence[str] | None,
    method: str,
) -> Panel:
    """Codes in the plane (n, 2), coloured and shaped by label (n,)."""
    size = float(np.clip(7000 / max(len(z_2d), 1), 5, 26))
    with axes(4.7, 4.1) as ax:
        title = "codes" if method == "codes" else f"{method} of codes"
        axis = "coordinate" if method == "codes" else method
        ax.set_xlabel(f"{axis} 1")
        ax.set_ylabel(f"{axis} 2")
        if method == "t-SNE":  # its coordinates have no unit
            ax.tick_params(labelbottom=False, labelleft=False, length=0)
        labels = [] if y is None else list(np.unique(y))
        alt = f"Scatter plot, {title} of {len(z_2d)} test points"
        if y is None:
            ax.scatter(z_2d[:, 0], z_2d[:, 1], s=size, color=BLUE, alpha=0.7, linewidths=0)
        elif len(labels) > MAX_LEGEND:
            dots = ax.scatter(z_2d[:, 0], z_2d[:, 1], s=size, c=y, cmap="viridis", linewidths=0)
            ax.figure.colorbar(dots, ax=ax, label="label")
            alt += f", coloured by label from {labels[0]} to {labels[-1]}"
        else:
            alt += f", coloured by {len(labels)} labels"
            for k, label in enumerate(labels):
                rows = z_2d[y == label]
                name = label_name(int(label), label_names)
                ax.scatter(
                    rows[:, 0],
                    rows[:, 1],
                    s=size,
                    color=PALETTE[k % len(PALETTE)],
                    marker=MARKERS[k // len(PALETTE) % len(MARKERS)],
                    alpha=0.8,
                    linewidths=0,
                    label=name,
                )
                centre = np.median(rows, axis=0)
                ax.annotate(
                    name,
                    (centre[0], centre[1]),
                    ha="center",
                    va="center",
                    fontweight="bold",
                    color=INK,
                    path_effects=[withStroke(linewidth=3, foreground="white")],
                )
            ax.legend(
                title="label",
                loc="upper left",
                bbox_to_anchor=(1.0, 1.0),
                markerscale=1.4,
                handletextpad=0.2,
                borderaxespad=0.2,
            )
        return panel(ax, "embedding", alt)


def label_name(label: int, names: Sequence[str] | None) -> str:
    """The name of a label, or its number where it has none."""
    return names[label] if names is not None and 0 <= label < len(names) else str(label)


def distance_panel(d_x: NDArray[Any], d_z: NDArray[Any], *, slope: float, name: str) -> Panel:
    """2-D histogram of code distances against data distances (m,), with d_z = d_x / C."""
    right, top = float(d_x.max(initial=0)) or 1.0, float(d_z.max(initial=0)) or 1.0
    counts, x_edges, z_edges = np.histogram2d(d_x, d_z, bins=60, range=[[0, right], [0, top]])
    with axes(4.7, 4.1) as ax:
        ax.grid(False)
        if counts.any():
            mesh = ax.pcolormesh(
                x_edges,
                z_edges,
                np.ma.masked_equal(counts.T, 0),
                cmap="viridis_r",
                norm=LogNorm(1, max(counts.max(), 2)),
                rasterized=True,
            )
            bar = ax.figure.colorbar(mesh, ax=ax, label="pairs of test points")
            bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        if slope > 0:
            end = min(right, top * slope)
            ax.plot(
                [0, end],
                [0, end / slope],
                color=VERMILLION,
                linewidth=2,
                path_effects=[withStroke(linewidth=4, foreground="white")],
                label=f"$d_z = d_x / C$,  $C$ = {slope:.3g}",
            )
            ax.legend(loc="upper left")
        ax.set_xlim(0, right)
        ax.set_ylim(0, top * 1.12)
        ax.set_xlabel(f"distance of data $d_x$ ({name})")
        ax.set_ylabel("distance of codes $d_z$ (Euclidean)")
        alt = (
            f"Two-dimensional histogram of code distance against {name} data distance over "
            f"{len(d_x)} pairs of test points, with the fitted line of slope 1/C, C = {slope:.3g}"
        )
        return panel(ax, "distances", alt)
