"""Clusters of the test points against their labels, with examples of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.drawing import VERMILLION, Panel, figure, panel
from gwae_core.report.heat import CELL, draw_heat
from gwae_core.report.latent import label_name
from gwae_core.report.pictures import Range, is_picture, tiles
from gwae_core.report.section import Section, array_of

MAX_SHOWN = 32
"""Most clusters that are shown, the largest."""
FOUND = {
    "prior": "Each test point belongs to the component of the mixture prior that is most "
    "responsible for its code.",
    "kmeans": "The prior is no mixture: clusters are those of k-means on training codes.",
}


@dataclass(frozen=True)
class Matched:
    """Clusters in the order of the labels that they are matched to.

    Attributes:
        names: Number of each cluster.
        table: Test points, (clusters, labels).
        match: Column that each cluster is matched to; -1 for one that is left over.
    """

    names: NDArray[Any]
    table: NDArray[Any]
    match: NDArray[np.int64]


def match_clusters(names: NDArray[Any], contingency: NDArray[Any]) -> Matched:
    """Order clusters by the best one-to-one match of labels and clusters (labels, clusters).

    Clusters without a label of their own come last, by the label that most of their points have.
    """
    from scipy.optimize import linear_sum_assignment

    labels, clusters = linear_sum_assignment(contingency, maximize=True)
    match = np.full(len(names), -1, np.int64)
    matched = contingency[labels, clusters] > 0
    match[clusters[matched]] = labels[matched]
    table = contingency.T
    place = np.where(match >= 0, match, len(contingency) + table.argmax(axis=1))
    order = np.argsort(place, kind="stable")
    return Matched(names[order], table[order], match[order])


def cluster_sections(evaluation: Evaluation) -> list[Section]:
    """Confusion of clusters and labels, and examples of each cluster; what is there of it."""
    figures, facts = evaluation.figures, evaluation.facts
    contingency = array_of(figures, "cluster_contingency", 2)
    names, labels = array_of(figures, "cluster_names", 1), array_of(figures, "cluster_labels", 1)
    if contingency is None or names is None or labels is None:
        return []
    if contingency.shape != (len(labels), len(names)) or (contingency < 0).any():
        raise ValueError(
            f"the array cluster_contingency is {contingency.shape}, with {len(labels)} labels and "
            f"{len(names)} clusters"
        )
    found = match_clusters(names, contingency)
    largest = np.sort(np.argsort(-found.table.sum(axis=1), kind="stable")[:MAX_SHOWN])
    shown = Matched(found.names[largest], found.table[largest], found.match[largest])
    label_names = [label_name(int(label), facts.get("label_names")) for label in labels]
    agree = sum(int(found.table[k, m]) for k, m in enumerate(found.match) if m >= 0)
    total = int(found.table.sum())
    text = (
        f"{FOUND.get(str(facts.get('clusters')), '')} Rows are clusters, ordered by the best "
        f"one-to-one match with labels, under which {agree:,} of {total:,} test points "
        f"({agree / max(total, 1):.1%}) agree. Numbers are test points."
    )
    if left := len(found.names) - len(shown.names):
        text += f" The {left} smallest clusters are left out."
    images = _examples(figures, facts, shown.names)
    if images is not None:
        text += " To the right, test images of each cluster, drawn at random; "
        text += "a frame marks one of another label than the cluster's match."
    drawn = _panel(shown, label_names, labels, images)
    layout = "single" if images is None else "full"
    return [Section("clusters", "Clusters and labels", text, (drawn,), layout)]


@dataclass(frozen=True)
class _Examples:
    """Tiles (clusters, k, H, W, 3) and labels (clusters, k), -1 where there is none."""

    rgb: NDArray[np.uint8]
    labels: NDArray[Any]


def _examples(
    figures: Mapping[str, NDArray[Any]], facts: Mapping[str, Any], names: NDArray[Any]
) -> _Examples | None:
    if not is_picture(tuple(facts.get("data_shape", ()))):
        return None
    images = array_of(figures, "cluster_examples", 5)
    labels = array_of(figures, "cluster_example_labels", 2)
    shown = array_of(figures, "cluster_shown", 1)
    if images is None or labels is None or shown is None or "x" not in figures:
        return None
    if labels.shape != images.shape[:2] or len(shown) != len(images):
        raise ValueError(
            f"the array cluster_examples is {images.shape}, cluster_example_labels {labels.shape} "
            f"and cluster_shown {shown.shape}"
        )
    place = {int(name): k for k, name in enumerate(shown)}
    rows = [place[int(name)] for name in names]
    flat = images[rows].reshape(-1, *images.shape[2:])
    rgb = tiles(flat, Range.of(figures["x"]))
    rgb[labels[rows].reshape(-1) < 0] = 255  # no example
    return _Examples(rgb.reshape(len(rows), images.shape[1], *rgb.shape[1:]), labels[rows])


def _panel(
    found: Matched,
    label_names: Sequence[str],
    labels: NDArray[Any],
    examples: _Examples | None,
) -> Panel:
    clusters, columns = found.table.shape
    row = CELL if examples is None else 0.46
    wide = float(np.clip(1.9 + 0.42 * columns, 3.9, 7.0))
    strip = 0.0
    if examples is not None:
        _, count, height, width, _ = examples.rgb.shape
        strip = 1.08 * row * count * width / height + 1.0  # room for the colour bar
    with figure(wide + strip, 0.8 + row * clusters) as drawing:
        ratios = (wide, strip) if examples is not None else (wide,)
        plots = drawing.subplots(1, len(ratios), width_ratios=ratios, squeeze=False)[0]
        ax: Axes = plots[0]
        sizes = found.table.sum(axis=1)
        shares = found.table / np.maximum(sizes, 1)[:, None]
        texts = np.where(found.table > 0, found.table.astype(np.int64).astype(str), "")
        rows = [
            f"{int(name)}" if match >= 0 else f"{int(name)} (no label of its own)"
            for name, match in zip(found.names, found.match, strict=True)
        ]
        draw_heat(
            ax,
            shares,
            rows=rows,
            columns=label_names,
            texts=texts,
            unit="share of the cluster",
            top=1.0,
            bar_at=plots[-1],
        )
        ax.set_xlabel("label")
        ax.set_ylabel("cluster")
        if examples is not None:
            expected = [labels[match] if match >= 0 else None for match in found.match]
            _draw_examples(plots[1], examples, expected)
        alt = (
            f"Table of {clusters} clusters against {columns} labels over "
            f"{int(found.table.sum())} test points; "
        )
        alt += "; ".join(
            f"cluster {int(name)}: {int(counts.max())} of {int(counts.sum())} are "
            f"{label_names[int(counts.argmax())]}"
            for name, counts in zip(found.names, found.table, strict=True)
        )
        return panel(ax, "clusters", alt)


def _draw_examples(ax: Axes, examples: _Examples, expected: Sequence[Any]) -> None:
    """A row of images beside each row of the table, in units of rows."""
    rows, count, height, width, _ = examples.rgb.shape
    border = max(1, height // 24)
    cells = np.full((rows, count, height + 2 * border, width + 2 * border, 3), 255, np.uint8)
    cells[:, :, border:-border, border:-border] = examples.rgb
    canvas = cells.transpose(0, 2, 1, 3, 4).reshape(rows * cells.shape[2], -1, 3)
    across = cells.shape[3] / cells.shape[2]  # width of a cell, in rows
    ax.grid(False)
    ax.set_axis_off()
    extent = (0.0, count * across, rows - 0.5, -0.5)
    ax.imshow(canvas, extent=extent, aspect="auto", interpolation="nearest")
    ax.set_box_aspect(rows / (count * across))
    ax.set_anchor("W")
    for row, k in np.argwhere(examples.labels >= 0):
        if expected[row] is not None and examples.labels[row, k] != expected[row]:
            corner = ((k + 0.045) * across, row - 0.455)
            ax.add_patch(
                Rectangle(
                    corner, 0.91 * across, 0.91, fill=False, edgecolor=VERMILLION, linewidth=2
                )
            )
