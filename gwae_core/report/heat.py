"""Matrices of shares as heat maps with their numbers written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from gwae_core.report.drawing import INK, VERMILLION

MAX_CELLS = 400
"""Most cells whose numbers are written in."""
CELL = 0.31
"""Height of a row, in inches."""


def draw_heat(
    ax: Axes,
    shares: NDArray[Any],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    texts: NDArray[Any] | None = None,
    unit: str,
    top: float | None = None,
    bar_at: Axes | None = None,
) -> None:
    """Draw a matrix (r, c) of non-negative values, light for none and dark for much.

    Args:
        ax: Where to draw.
        shares: Values.
        rows: Names of the rows, from top to bottom.
        columns: Names of the columns.
        texts: What is written in each cell, (r, c); empty for nothing.
        unit: What the colour means.
        top: The value that is darkest; None takes the largest.
        bar_at: Axes that the colour bar is put beside; None takes ``ax``.
    """
    ax.grid(False)
    high = max(float(shares.max()), 1e-12) if top is None else top
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=high, aspect="auto")
    ax.set_yticks(range(len(rows)), rows)
    slanted = max(map(len, columns), default=0) > 5 and len(columns) > 3
    ax.set_xticks(
        range(len(columns)),
        columns,
        rotation=35 if slanted else 0,
        ha="right" if slanted else "center",
        rotation_mode="anchor",
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.2)
    ax.tick_params(which="minor", length=0)
    bar = ax.figure.colorbar(image, ax=bar_at or ax, label=unit, fraction=0.05, pad=0.02)
    bar.outline.set_visible(False)
    if texts is None or texts.size > MAX_CELLS:
        return
    size = 9.0 if shares.shape[1] <= 10 else 7.0
    for row, column in np.argwhere(texts != ""):
        dark = shares[row, column] > 0.55 * high
        ax.text(
            column,
            row,
            texts[row, column],
            ha="center",
            va="center",
            fontsize=size,
            color="white" if dark else INK,
            in_layout=False,  # within the axes; measuring each would take most of the time
        )


def outline(ax: Axes, cells: Sequence[tuple[int, int]]) -> None:
    """Frame some cells (row, column)."""
    for row, column in cells:
        ax.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=VERMILLION, linewidth=2
            )
        )
