from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.factors import MAX_CODES, factor_sections


def drawn(figures: dict[str, Any], **facts: Any) -> list[Any]:
    metrics = {"dci.gbt.disentanglement": 0.5, "dci.gbt.completeness": 0.25, "mig.score": 0.75}
    (section,) = factor_sections(Evaluation(metrics, figures, facts))
    return list(section.panels)


def test_every_matrix_has_a_panel_with_its_scores() -> None:
    matrix = np.array([[3.0, 0.0], [1.0, 0.5]])
    figures = {"dci.gbt.importance": matrix, "mig.mutual_information": matrix, "z": np.zeros(3)}
    first, second = drawn(figures, factor_names=["pos_x", "hue"])
    assert (first.name, second.name) == ("dci.gbt.importance", "mig.mutual_information")
    assert "Disentanglement 0.500, completeness 0.250." in first.caption
    assert "by gbt, each column as shares of its sum" in first.caption
    assert "Score 0.750." in second.caption
    assert "most: pos x by code 0 (0.75), hue by code 1 (1.00)" in first.alt
    assert "mutual information (nats) of 2 codes and 2 factors" in second.alt
    assert "pos x by code 0 (3.00), hue by code 1 (0.50)" in second.alt


@pytest.mark.parametrize("names", [None, ["one"], "ab", {"a": 1}])
def test_factors_without_names_are_numbered(names: Any) -> None:
    (shown,) = drawn({"mig.mutual_information": np.eye(2)}, factor_names=names)
    assert "factor 0 by code 0" in shown.alt


def test_of_many_codes_those_that_say_most_are_shown_and_the_rest_is_counted() -> None:
    matrix = np.full((MAX_CODES + 6, 2), 0.01)
    matrix[-1, 0], matrix[-2, 1] = 1.0, 2.0
    (shown,) = drawn({"mig.mutual_information": matrix})
    assert "The other 6 codes say less" in shown.caption
    assert f"factor 0 by code {MAX_CODES + 5} (1.00)" in shown.alt


@pytest.mark.parametrize("matrix", [np.zeros((4, 3)), np.ones((1, 1)), np.eye(3, dtype=bool)])
def test_empty_and_tiny_matrices_have_a_picture(matrix: np.ndarray) -> None:
    (shown,) = drawn({"dci.forest.importance": matrix, "mig.score": np.ones(2)})
    assert shown.png.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones(3), "numbers in 2 dimensions, got float64 of shape"),
        (np.full((2, 2), np.nan), "holds NaN or inf"),
        (-np.ones((2, 2)), "holds values below 0"),
        (np.array([["a"]]), "must hold numbers"),
        (np.ones((0, 2)), "numbers in 2 dimensions"),
    ],
)
def test_what_is_no_matrix_is_named(matrix: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=f"the array mig.mutual_information.*{message}"):
        drawn({"mig.mutual_information": matrix})


def test_nothing_is_drawn_without_factors(whole: Evaluation) -> None:
    figures = {name: array for name, array in whole.figures.items() if "." not in name}
    (section,) = factor_sections(replace(whole, figures=figures))
    assert section.panels == ()
