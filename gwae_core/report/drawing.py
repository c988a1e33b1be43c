"""How every figure looks: palette, axes, and the way from a figure to a PNG."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, MUTED, RULE = "#1c1f24", "#565d68", "#d5d9e0"
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY = "#E69F00", "#56B4E9"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY, INK)
"""Colours that people with any colour vision tell apart (Okabe & Ito, 2008), without its yellow,
which is too faint on white."""
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
"""Shapes for more groups than there are colours."""
DPI = 200

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlepad": 15,  # room for the names of stages
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
}


@dataclass(frozen=True)
class Panel:
    """A picture of the report.

    Attributes:
        name: Stem of its file under ``figures/``.
        png: The picture.
        alt: What it shows, for those who do not see it.
        caption: How to read it, shown below; may be empty.
    """

    name: str
    png: bytes
    alt: str
    caption: str = ""


@contextmanager
def figure(width: float, height: float) -> Iterator[Figure]:
    """A figure, in inches, styled; draw inside the block, then call `panel`."""
    with matplotlib.rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


@contextmanager
def axes(width: float = 4.8, height: float = 3.2) -> Iterator[Axes]:
    """Axes of a figure of its own, in inches, styled; draw inside the block, then call `panel`."""
    with figure(width, height) as drawing:
        yield drawing.add_subplot()


def panel(ax: Axes, name: str, alt: str, caption: str = "") -> Panel:
    """Render the figure that axes belong to; inside the block of `axes` or `figure`."""
    canvas = FigureCanvasAgg(ax.figure)  # type: ignore[arg-type]
    buffer = io.BytesIO()
    canvas.figure.savefig(buffer, format="png", dpi=DPI, facecolor="white")
    return Panel(name, buffer.getvalue(), alt, caption)
