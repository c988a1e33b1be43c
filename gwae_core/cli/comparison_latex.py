"""A comparison as LaTeX, for the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gwae_core.cli.comparison_cells import (
    TEST_HEADER,
    Mark,
    column,
    groups,
    head,
    legend,
    paired_cells,
    paired_title,
)
from gwae_core.comparison import Comparison, direction

SPECIAL = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "≈": r"$\approx$",
    "±": r"$\pm$",
    **{c: f"\\{c}" for c in "&%$#_{}"},
}
"""Characters that LaTeX would obey, and those that its fonts lack."""
ARROWS = {"higher": r" $\uparrow$", "lower": r" $\downarrow$", None: ""}


def comparison_latex(found: Comparison) -> str:
    """Tables to be included in a document that uses booktabs."""
    header, rows = head(found)
    grouped = groups(found)
    above, rules, start = [" & " * (len(header) - 1)], [], len(header) + 1
    for group, names in grouped.items():
        above.append(rf"\multicolumn{{{len(names)}}}{{c}}{{{escaped(group)}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + len(names) - 1}}}")
        start += len(names)
    titles = [escaped(title) for title in header]
    columns = []
    for name in (name for names in grouped.values() for name in names):
        titles.append(escaped(name.rpartition(".")[2]) + ARROWS[direction(name)])
        columns.append([number(text, mark) for text, mark in column(found, name)])
    lines = [
        "% needs \\usepackage{booktabs}",
        *(f"% {line}" for line in legend(found, best="bold:")),
        rf"\begin{{tabular}}{{{'l' * len(header)}{'r' * len(columns)}}}",
        r"\toprule",
        _line(above),
        "".join(rules),
        _line(titles),
        r"\midrule",
        *(
            _line([*map(escaped, row), *(cells[k] for cells in columns)])
            for k, row in enumerate(rows)
        ),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if found.baseline is not None:
        lines += ["", *_tests(found)]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(SPECIAL.get(c, c) for c in text)


def _tests(found: Comparison) -> list[str]:
    return [
        f"% {paired_title(found)}",
        r"\begin{tabular}{llrrrr}",
        r"\toprule",
        _line([*map(escaped, TEST_HEADER[:4]), r"$p$ ($t$-test)", r"$p$ (Wilcoxon)"]),
        r"\midrule",
        *(
            _line([*map(escaped, cells[:2]), *(number(cell, "") for cell in cells[2:])])
            for cells in (paired_cells(found, one) for one in found.tests)
        ),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def number(text: str, mark: Mark) -> str:
    """A number in mathematics, so that its signs are signs; what stands behind it as text."""
    number, bracket, rest = text.partition(" (")
    if not re.search(r"\d", number):
        return escaped(text)
    inner = re.sub(
        r"(\d)e([+-])0*(\d+)",
        lambda found: rf"{found[1]} \times 10^{{{found[2].replace('+', '')}{found[3]}}}",
        number.replace("±", r"\pm"),
    )
    if mark == "best":
        inner = rf"\mathbf{{{inner}}}"
    if mark == "close":
        inner += r"^{\approx}"
    return f"${inner}$" + (escaped(f" ({rest}") if bracket else "")
