"""A comparison as one page that loads nothing from outside."""

from __future__ import annotations

from pathlib import Path

from gwae_core.cli.comparison_cells import (
    CLOSE,
    TEST_HEADER,
    column,
    groups,
    head,
    legend,
    paired_cells,
    paired_title,
)
from gwae_core.comparison import Comparison, direction

TEMPLATE = Path(__file__).with_name("comparison.html")
ARROWS = {"higher": "↑", "lower": "↓", None: ""}


def comparison_html(found: Comparison) -> str:
    """The page; every text of a run is escaped."""
    from jinja2 import Environment, StrictUndefined

    header, rows = head(found)
    grouped = groups(found)
    names = [name for group in grouped.values() for name in group]
    columns = [column(found, name) for name in names]
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return page.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        header=header,
        groups=[(group, len(inner)) for group, inner in grouped.items()],
        titles=[(name.rpartition(".")[2], ARROWS[direction(name)]) for name in names],
        rows=[(row, [cells[k] for cells in columns]) for k, row in enumerate(rows)],
        close=CLOSE,
        legend=legend(found, best="bold:"),
        paired_title="" if found.baseline is None else paired_title(found),
        test_header=TEST_HEADER,
        tests=[paired_cells(found, one) for one in found.tests],
        warnings=found.warnings,
        skipped=found.skipped,
    )
