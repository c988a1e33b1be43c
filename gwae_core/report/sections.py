"""The sections of the report that show data: as images, or feature by feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report import tables
from gwae_core.report.animation import traversal_animation
from gwae_core.report.drawing import Panel
from gwae_core.report.latent import distance_panel, embedding_panel
from gwae_core.report.pictures import PAIR_GAP, Range, grid, is_picture, pairs, png, tiles
from gwae_core.report.section import Section


def data_sections(evaluation: Evaluation) -> list[Section]:
    """Reconstructions, prior samples, components and traversals; those whose arrays are there."""
    figures = evaluation.figures
    shape = tuple(evaluation.facts.get("data_shape", ()))
    sections = _image_sections(figures) if is_picture(shape) else _table_sections(figures)
    return [section for section in sections if section.panels]


def latent_sections(evaluation: Evaluation) -> list[Section]:
    """Embedding of the codes and histogram of distances; those whose arrays are there."""
    figures, facts = evaluation.figures, evaluation.facts
    sections = []
    if "z_2d" in figures:
        method = str(facts.get("embedding", "PCA"))
        shown = embedding_panel(
            figures["z_2d"], figures.get("y"), label_names=facts.get("label_names"), method=method
        )
        text = "Codes of test points in two dimensions"
        text += ", coloured by label." if "y" in figures else "."
        if method == "t-SNE":
            text += " t-SNE keeps neighbourhoods; distances between far groups mean little."
        sections.append(Section("embedding", "Codes", text, (shown,), "single", True))
    if "d_x" in figures and "d_z" in figures:
        name = str(facts.get("d_x_name", "euclidean"))
        slope = float(facts.get("slope", 0.0))
        shown = distance_panel(figures["d_x"], figures["d_z"], slope=slope, name=name)
        text = (
            "What a Gromov-Wasserstein model is for: distances between codes should grow with "
            "distances between data. The closer the pairs lie to the line, the better."
        )
        sections.append(Section("distances", "Distances", text, (shown,), "single", True))
    return sections


RECONSTRUCTIONS = "Test data and what the decoder makes of their codes (posterior means)."
SAMPLES = "Decoded draws from the prior."
COMPONENTS = (
    "Decoded draws from each component of the mixture prior, heaviest first: its weight in the "
    "prior, and the test points that it is most responsible for."
)
STILLS = 9
"""Images of each traversal that stand side by side."""
TRAVERSALS = (
    "The latent dimensions of largest variance, each moved over its mean ± 2.5 standard "
    "deviations, all others kept at the code of one test point."
)


def _image_sections(figures: Mapping[str, NDArray[Any]]) -> list[Section]:
    if "x" not in figures:
        return []
    values = Range.of(figures["x"])
    sections = []
    if "x_hat" in figures:
        stacked = pairs(tiles(figures["x"], values), tiles(figures["x_hat"], values))
        alt = f"{len(stacked)} test images, each above its reconstruction"
        shown = Panel("reconstructions", png(grid(stacked, 8, row_gap=PAIR_GAP)), alt)
        text = f"{RECONSTRUCTIONS} In each pair the test image is above, its reconstruction below."
        sections.append(
            Section("reconstructions", "Reconstructions", text, (shown,), "single", True)
        )
    if "samples" in figures:
        drawn = figures["samples"]
        picture = grid(tiles(drawn, values), 8)
        shown = Panel("samples", png(picture), f"{len(drawn)} images decoded from prior samples")
        sections.append(Section("samples", "Prior samples", SAMPLES, (shown,), "single", True))
    rows = [
        Panel(
            f"component_{k}",
            png(grid(tiles(images, values), len(images))),
            f"{len(images)} images decoded from component {k} of the prior",
            f"component {k}: weight {weight:.3f}, {_points(count)}",
        )
        for images, k, weight, count in _components(figures)
    ]
    sections.append(
        Section("components", "Components of the prior", COMPONENTS, (*rows,), "rows", True)
    )
    sections += _traversal_section(figures, values)
    return sections


def _traversal_section(figures: Mapping[str, NDArray[Any]], values: Range) -> list[Section]:
    found = _traversals(figures)
    if not found:
        return []
    rows = []
    for images, dim, z in found:
        steps = np.linspace(0, len(images) - 1, min(len(images), STILLS)).round().astype(int)
        still = images[steps]
        rows.append(
            Panel(
                f"traversal_{dim}",
                png(grid(tiles(still, values), len(still))),
                f"{len(still)} decoded images as latent dimension {dim} grows",
                f"dimension {dim}: {z[0]:.2g} to {z[-1]:.2g}",
            )
        )
    moving = traversal_animation(
        figures["traversals"], [dim for _, dim, _ in found], values, width=2.5
    )
    title = "Latent traversals"
    return [Section("traversals", title, TRAVERSALS, (*rows,), "rows", True, animation=moving)]


def _table_sections(figures: Mapping[str, NDArray[Any]]) -> list[Section]:
    flat = {
        name: array.reshape(*array.shape[:axes], -1)
        for name, axes in (
            ("x", 1),
            ("x_hat", 1),
            ("samples", 1),
            ("component_samples", 2),
            ("traversals", 2),
        )
        if (array := figures.get(name)) is not None
    }
    if "x" not in flat:
        return []
    x = flat["x"]
    many = "" if x.shape[1] <= tables.FEATURES else " The features of largest variance are shown."
    sections = []
    if "x_hat" in flat:
        text = f"{RECONSTRUCTIONS} On the dashed line both agree.{many}"
        shown = tables.reconstruction_panels(x, flat["x_hat"])
        sections.append(Section("reconstructions", "Reconstructions", text, (*shown,)))
    if "samples" in flat:
        text = f"{SAMPLES} Their densities should be those of the data.{many}"
        shown = tables.sample_panels(x, flat["samples"])
        sections.append(Section("samples", "Prior samples", text, (*shown,)))
    if found := _components(figures):
        names = ", ".join(
            f"{k} (weight {weight:.3f}, {_points(count)})" for _, k, weight, count in found
        )
        picture = tables.component_panel(
            x, flat["component_samples"], np.array([k for _, k, _, _ in found])
        )
        text = f"{COMPONENTS} From top to bottom: {names}."
        sections.append(
            Section("components", "Components of the prior", text, (picture,), "single")
        )
    if found_dims := _traversals(figures):
        dims = np.array([dim for _, dim, _ in found_dims])
        z = np.stack([values for _, _, values in found_dims])
        shown = tables.traversal_panels(flat["traversals"], dims, z)
        sections.append(Section("traversals", "Latent traversals", TRAVERSALS, (*shown,)))
    return sections


def _components(
    figures: Mapping[str, NDArray[Any]],
) -> list[tuple[NDArray[Any], int, float, int]]:
    """Samples, number, weight and count of each shown component."""
    needed = ("component_samples", "component_shown", "component_weights", "component_counts")
    if not all(name in figures for name in needed):
        return []
    samples, shown, weights, counts = (figures[name] for name in needed)
    return [
        (images, int(k), float(weights[k]), int(counts[k]))
        for images, k in zip(samples, shown, strict=True)
    ]


def _traversals(
    figures: Mapping[str, NDArray[Any]],
) -> list[tuple[NDArray[Any], int, NDArray[Any]]]:
    """Decoded steps, latent dimension and its values, of each traversal."""
    needed = ("traversals", "traversal_dims", "traversal_z")
    if not all(name in figures for name in needed):
        return []
    decoded, dims, values = (figures[name] for name in needed)
    return [(images, int(dim), z) for images, dim, z in zip(decoded, dims, values, strict=True)]


def _points(count: int) -> str:
    return "no test point" if count == 0 else f"{count:,} test point{'s' if count > 1 else ''}"
