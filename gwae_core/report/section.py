"""A part of the page, and how one that cannot be drawn is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.drawing import Panel
from gwae_core.report.verdict import Verdict

DAMAGE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""How drawing fails at arrays and records of shapes and types that no run writes."""


@dataclass(frozen=True)
class Animation:
    """A moving picture that rests until a reader asks for it.

    Attributes:
        name: Stem of its file under ``figures/``.
        gif: The pictures.
        alt: What they show.
        caption: How to read them.
    """

    name: str
    gif: bytes
    alt: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        anchor: Name that links point to.
        title: Heading.
        text: How to read it.
        panels: Pictures.
        layout: ``single``, ``full`` (over the whole width), ``cards`` or the larger ``pairs`` (side
            by side where there is room), or ``rows`` (a caption above each strip).
        half: Whether two such sections stand side by side where there is room.
        animation: Shown in place of the pictures while it plays.
        verdict: Shown above the pictures.
    """

    anchor: str
    title: str
    text: str
    panels: tuple[Panel, ...]
    layout: str = "cards"
    half: bool = False
    animation: Animation | None = None
    verdict: Verdict | None = None


Builder = Callable[[Evaluation], Sequence[Section]]


def build(
    builders: Mapping[str, Builder], evaluation: Evaluation
) -> tuple[list[Section], list[str]]:
    """The sections of each builder that draw something, and a sentence on each that failed.

    Args:
        builders: By the name of what they draw.
        evaluation: What they draw it from.
    """
    sections: list[Section] = []
    faults = []
    for name, builder in builders.items():
        try:
            sections += [section for section in builder(evaluation) if section.panels]
        except DAMAGE as error:
            faults.append(f"{name}: {str(error) or type(error).__name__}")
    return sections, faults


def array_of(figures: Mapping[str, NDArray[Any]], name: str, ndim: int) -> NDArray[Any] | None:
    """A stored array of finite numbers and of as many dimensions as are drawn, or None.

    Raises:
        ValueError: It is there, and is none of that.
    """
    found = figures.get(name)
    if found is None:
        return None
    if found.ndim != ndim or found.dtype.kind not in "biuf" or 0 in found.shape:
        raise ValueError(
            f"the array {name} must hold numbers in {ndim} dimensions, "
            f"got {found.dtype} of shape {found.shape}"
        )
    if not np.isfinite(found).all():
        raise ValueError(f"the array {name} holds NaN or inf")
    return found
