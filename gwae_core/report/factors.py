"""What each code says about each factor: importances (DCI) and mutual information (MIG)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.drawing import Panel, axes, panel
from gwae_core.report.heat import CELL, draw_heat, outline
from gwae_core.report.numbers import format_number
from gwae_core.report.section import Section, array_of

MAX_CODES = 24
"""Most codes that are shown, those that say most."""
FAINT = 0.02
"""Share of the largest value below which a cell stays empty."""
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
IMPORTANCE, INFORMATION = ".importance", ".mutual_information"


def factor_sections(evaluation: Evaluation) -> list[Section]:
    """Matrices of codes against factors; those whose arrays are there."""
    figures, metrics = evaluation.figures, evaluation.metrics
    panels = []
    for name in figures:
        kind = IMPORTANCE if name.endswith(IMPORTANCE) else INFORMATION
        if not name.endswith(kind) or (matrix := array_of(figures, name, 2)) is None:
            continue
        if (matrix < 0).any():
            raise ValueError(f"the array {name} holds values below 0")
        factors = _factor_names(evaluation.facts.get("factor_names"), matrix.shape[1])
        draw = _importance if kind == IMPORTANCE else _information
        panels.append(draw(name.removesuffix(kind), matrix, factors, metrics))
    text = (
        "What each code (posterior mean) says about each known factor of the test data. In a "
        "disentangled representation every row has one dark cell, and every column too. "
        "Framed: the code that says most about a factor. Empty: less than "
        f"{FAINT:.0%} of the largest value."
    )
    return [Section("factors", "Codes and factors", text, (*panels,), "pairs")]


def _factor_names(names: Any, count: int) -> list[str]:
    if isinstance(names, list) and len(names) == count:
        return [str(name).replace("_", " ") for name in names]
    return [f"factor {k}" for k in range(count)]


def _importance(
    stem: str, matrix: NDArray[Any], factors: Sequence[str], metrics: Mapping[str, float]
) -> Panel:
    total = matrix.sum(axis=0)
    shares = matrix / np.where(total > 0, total, 1)
    variant = stem.partition(".")[2] or stem
    caption = f"DCI importances by {variant}, each column as shares of its sum. " + _scores(
        metrics, stem, ("disentanglement", "completeness", "informativeness")
    )
    return _panel(f"{stem}{IMPORTANCE}", shares, factors, "share of importance", 1.0, caption)


def _information(
    stem: str, matrix: NDArray[Any], factors: Sequence[str], metrics: Mapping[str, float]
) -> Panel:
    caption = (
        "Mutual information of each binned code and each factor. MIG is the gap between the two "
        "largest of a column, as a share of the factor's entropy, in the mean over columns. "
    )
    caption += _scores(metrics, stem, ("score",))
    name = f"{stem}{INFORMATION}"
    return _panel(name, matrix, factors, "mutual information (nats)", None, caption)


def _panel(
    name: str,
    matrix: NDArray[Any],
    factors: Sequence[str],
    unit: str,
    top: float | None,
    caption: str,
) -> Panel:
    codes = _order(matrix)
    if left := len(matrix) - len(codes):
        caption += f" The other {left} codes say less and are left out."
    shown = matrix[codes]
    width = float(np.clip(1.9 + 0.62 * len(factors), 3.9, 9.4))
    with axes(width, 1.3 + CELL * max(len(codes), 4)) as ax:
        written = shown > FAINT * matrix.max()
        texts = np.where(written, np.char.mod("%.2f", shown), "")
        rows = [f"z{str(code).translate(SUBSCRIPTS)}" for code in codes]
        draw_heat(ax, shown, rows=rows, columns=factors, texts=texts, unit=unit, top=top)
        best = shown.argmax(axis=0)
        outline(ax, [(int(row), k) for k, row in enumerate(best) if shown[row, k] > 0])
        ax.set_xlabel("factor")
        ax.set_ylabel("code")
        most = ", ".join(
            f"{factor} by code {codes[best[k]]} ({shown[best[k], k]:.2f})"
            for k, factor in enumerate(factors)
        )
        alt = f"Heat map, {unit} of {len(codes)} codes and {len(factors)} factors; most: {most}"
        return panel(ax, name, alt, caption.strip())


def _order(matrix: NDArray[Any]) -> NDArray[np.int64]:
    """The code that says most about each factor, in their order; then the others, by how much."""
    best = [code for code in matrix.argmax(axis=0) if matrix[code].any()]
    others = np.argsort(-matrix.max(axis=1), kind="stable")
    return np.array(list(dict.fromkeys([*best, *others]))[:MAX_CODES], np.int64)


def _scores(metrics: Mapping[str, float], stem: str, names: Sequence[str]) -> str:
    found = [
        f"{name} {format_number(metrics[key])}"
        for name in names
        if (key := f"{stem}.{name}") in metrics
    ]
    return ", ".join(found).capitalize() + "." if found else ""
