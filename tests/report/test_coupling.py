from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.coupling import coupling_sections


def test_both_plans_are_drawn_with_what_they_show(whole: Evaluation) -> None:
    (section,) = coupling_sections(whole)
    codes, prior = section.panels
    assert (codes.name, prior.name) == ("coupling_codes", "coupling_prior")
    assert "67% of the mass of 12 points lies on the diagonal" in codes.caption
    assert "83% stays within its label" in codes.caption
    # an even plan tells nothing: each component takes a third from each label
    assert "33% of the mass goes to the label that its component takes most from" in prior.caption
    assert "2 components of the prior" in prior.alt


def test_without_labels_the_groups_are_components(whole: Evaluation) -> None:
    figures = {name: array for name, array in whole.figures.items() if name != "y"}
    (section,) = coupling_sections(replace(whole, figures=figures))
    assert "stays within its component" in section.panels[0].caption


def test_without_groups_points_alone_are_drawn(whole: Evaluation) -> None:
    figures = {name: whole.figures[name] for name in ("coupling_codes", "coupling_prior")}
    (section,) = coupling_sections(Evaluation({}, figures, {}))
    (codes,) = section.panels
    assert "67% of the mass" in codes.caption and "stays within" not in codes.caption


def test_many_groups_have_a_picture() -> None:
    figures = {"coupling_codes": np.eye(40) / 40, "coupling_groups": np.arange(40)}
    (section,) = coupling_sections(Evaluation({}, figures, {}))
    assert section.panels[0].png.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("coupling_codes", np.ones((12, 11))),
        ("coupling_codes", np.zeros((12, 12))),
        ("coupling_codes", -np.eye(12)),
        ("coupling_groups", np.arange(5)),
        ("coupling_prior", np.ones((11, 12))),
        ("coupling_components", np.arange(11)),
    ],
)
def test_what_is_no_plan_is_refused(name: str, array: np.ndarray, whole: Evaluation) -> None:
    with pytest.raises(ValueError, match=r"the array coupling_.* is no plan of"):
        coupling_sections(replace(whole, figures={**whole.figures, name: array}))


def test_nothing_is_drawn_without_a_plan() -> None:
    (section,) = coupling_sections(Evaluation({}, {}, {}))
    assert section.panels == ()
