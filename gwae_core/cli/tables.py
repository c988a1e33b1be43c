"""Tables in plain text."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    """Rows under a header, columns as wide as they need.

    Args:
        header: Title of each column.
        rows: Cells of each row.
        numbers: Whether all columns but the first hold numbers, which end at one edge.
    """
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]

    def write(line: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if numbers and k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join(write(line) for line in lines)
