"""Tables in plain text."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

WIDEST = 100
"""Columns that a table takes at most."""
NARROWEST = 24
"""Columns that the last cell gets in any case."""


def screen_width() -> int:
    """Columns to fill: the terminal's, at most `WIDEST`; `WIDEST` where there is no terminal."""
    return min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)


def wrapped(text: str, width: int, *, hang: str = "") -> list[str]:
    """Text in lines of a width; no word is broken, and all lines but the first begin alike."""
    return textwrap.wrap(
        text, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    ) or [""]


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: bool = False,
    width: int | None = None,
) -> str:
    """Rows under a header, columns as wide as they need.

    Args:
        header: Title of each column.
        rows: Cells of each row.
        numbers: Whether all columns but the first hold numbers, which end at one edge.
        width: Columns of the whole table, into which the last cell of each row is wrapped; None
            wraps nothing.
    """
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]

    def write(line: Sequence[str]) -> str:
        cells = [
            cell.rjust(size) if numbers and k else cell.ljust(size)
            for k, (cell, size) in enumerate(zip(line, widths, strict=True))
        ]
        if width is None:
            return "  ".join(cells).rstrip()
        start = "".join(f"{cell}  " for cell in cells[:-1])
        first, *rest = wrapped(line[-1], max(width - len(start), NARROWEST))
        return "\n".join([f"{start}{first}".rstrip(), *(" " * len(start) + more for more in rest)])

    return "\n".join(write(line) for line in lines)
