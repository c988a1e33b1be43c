from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.clusters import cluster_sections
from gwae_core.report.coupling import coupling_sections
from gwae_core.report.drawing import Panel
from gwae_core.report.section import Section, array_of, build

EMPTY = Evaluation({}, {}, {})


def section(name: str, *panels: Panel) -> Section:
    return Section(name, name, "", panels)


def test_what_fails_is_told_and_what_is_empty_is_left_out() -> None:
    shown = section("good", Panel("a", b"", "a"))

    def fail(_: Evaluation) -> Sequence[Section]:
        raise ValueError("the array is no matrix")

    def look_up(_: Evaluation) -> Sequence[Section]:
        return [EMPTY.figures["x"]]  # type: ignore[list-item]

    builders = {
        "first": fail,
        "second": lambda _: [section("empty"), shown],
        "third": look_up,
    }
    sections, faults = build(builders, EMPTY)
    assert sections == [shown]
    assert faults == ["first: the array is no matrix", "third: 'x'"]


def test_an_error_that_no_array_makes_is_not_hidden() -> None:
    def bug(_: Evaluation) -> Sequence[Section]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        build({"bug": bug}, EMPTY)


def test_an_array_is_numbers_of_its_dimensions_or_none() -> None:
    figures = {"a": np.ones((2, 3)), "b": np.array([True]), "nan": np.array([np.nan])}
    assert array_of(figures, "missing", 2) is None
    assert array_of(figures, "a", 2) is figures["a"]
    assert array_of(figures, "b", 1) is figures["b"]
    for name, ndim in (("a", 1), ("nan", 1)):
        with pytest.raises(ValueError, match=f"the array {name} "):
            array_of(figures, name, ndim)


@pytest.mark.parametrize(
    "name",
    [
        *("cluster_names", "cluster_contingency", "cluster_examples", "cluster_example_labels"),
        *("coupling_codes", "coupling_groups", "coupling_prior", "coupling_components", "x", "y"),
    ],
)
def test_a_missing_array_is_no_fault(name: str, whole: Evaluation) -> None:
    figures = {key: array for key, array in whole.figures.items() if key != name}
    builders = {"clusters": cluster_sections, "coupling": coupling_sections}
    _, faults = build(builders, replace(whole, figures=figures))
    assert faults == []
