"""Receiver operating characteristics of scores that should tell other data from the test data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from numpy.typing import NDArray

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.drawing import INK, MUTED, PALETTE, Panel, axes, panel
from gwae_core.report.names import is_baseline, variant_name
from gwae_core.report.numbers import Ends, intervals_of
from gwae_core.report.section import Section, array_of

ROC = ".roc"
STYLES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
"""Lines that differ without their colour."""
TEXT = (
    "How well each score tells points of another data set from test points: the share of those "
    "that are recognised, against the share of test points that are taken for them, over all "
    "thresholds. The mean of all pixels is the baseline: what does not beat it has seen no more "
    "than brightness."
)


def ood_sections(evaluation: Evaluation) -> list[Section]:
    """ROC curves, one figure for each other data set; those whose arrays are there."""
    figures, facts = evaluation.figures, evaluation.facts
    by_set: dict[str, dict[str, NDArray[Any]]] = {}
    for name in figures:
        if not (name.startswith("ood.") and name.endswith(ROC)):
            continue
        curve = array_of(figures, name, 2)
        assert curve is not None
        if len(curve) != 2 or (curve < -1e-6).any() or (curve > 1 + 1e-6).any():
            raise ValueError(
                f"the array {name} must hold two rows of rates in [0, 1], got shape {curve.shape}"
            )
        stem = name.removesuffix(ROC)
        other, _, _ = stem.removeprefix("ood.").rpartition(".")
        by_set.setdefault(other, {})[stem] = curve
    intervals = intervals_of(facts)
    panels = [
        _panel(
            other,
            curves,
            {stem: _auroc(stem, curve, evaluation.metrics) for stem, curve in curves.items()},
            intervals,
        )
        for other, curves in by_set.items()
    ]
    return [Section("ood", "Out of distribution", TEXT, (*panels,), "pairs")]


def _auroc(stem: str, curve: NDArray[Any], metrics: Mapping[str, float]) -> float:
    from scipy.integrate import trapezoid

    rate, recognised = curve
    return metrics.get(f"{stem}.auroc", float(trapezoid(recognised, rate)))


def _panel(
    other: str,
    curves: Mapping[str, NDArray[Any]],
    areas: Mapping[str, float],
    intervals: Ends,
) -> Panel:
    scores = sorted(curves, key=lambda stem: (is_baseline(stem), -areas[stem]))
    colours = [colour for colour in PALETTE if colour != INK]
    with axes(4.7, 4.9 + 0.19 * len(scores)) as ax:
        ax.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=":", label="chance, 0.5")
        alts = []
        for k, stem in enumerate(scores):
            baseline = is_baseline(stem)
            name = variant_name(stem.rpartition(".")[2])
            label = f"{name}{' (baseline)' if baseline else ''}, {areas[stem]:.3f}"
            if (ends := intervals.get(f"{stem}.auroc")) is not None:
                label += f" [{ends[0]:.3f}, {ends[1]:.3f}]"
            ax.plot(
                *curves[stem],
                color=INK if baseline else colours[k % len(colours)],
                linestyle="--" if baseline else STYLES[k % len(STYLES)],
                linewidth=1.4 if baseline else 2.0,
                label=label,
            )
            alts.append(label)
        _finish(ax)
        named = f" of {other}" if other else ""
        alt = f"ROC curves{named} with their areas: {'; '.join(alts)}"
        caption = f"Other data: {other}." if other else ""
        return panel(ax, f"ood_{other}_roc" if other else "ood_roc", alt, caption)


def _finish(ax: Axes) -> None:
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        [*handles[1:], handles[0]],
        [*labels[1:], labels[0]],
        title="score, AUROC",
        loc="upper center",
        bbox_to_anchor=(0.5, -0.14),  # below the axes, where no curve runs
    )
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.01)
    ax.set_aspect("equal")
    ax.set_xlabel("false positive rate (share of test points)")
    ax.set_ylabel("true positive rate (share of other data)")
