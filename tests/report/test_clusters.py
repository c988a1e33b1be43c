from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.clusters import MAX_SHOWN, cluster_sections, match_clusters


def test_rows_are_in_the_order_of_the_labels_that_they_are_matched_to() -> None:
    contingency = np.array([[0, 9, 0], [1, 0, 8], [7, 1, 1]])  # (labels, clusters)
    found = match_clusters(np.array([4, 5, 6]), contingency)
    np.testing.assert_array_equal(found.names, [5, 6, 4])
    np.testing.assert_array_equal(found.table, [[9, 0, 1], [0, 8, 1], [0, 1, 7]])
    np.testing.assert_array_equal(found.match, [0, 1, 2])


@pytest.mark.parametrize("seed", range(5))
def test_no_other_match_agrees_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    contingency = rng.integers(20, size=(4, 6))
    found = match_clusters(np.arange(6), contingency)
    agree = sum(found.table[k, m] for k, m in enumerate(found.match) if m >= 0)
    orders = np.array([rng.permutation(6)[:4] for _ in range(500)])
    assert agree >= contingency[np.arange(4), orders].sum(axis=1).max()
    assert (found.match[-2:] == -1).all()  # clusters that are left over come last


def test_clusters_and_images_are_in_one_picture(whole: Evaluation) -> None:
    (section,) = cluster_sections(whole)
    (shown,) = section.panels
    assert "57 of 60 test points (95.0%) agree" in section.text
    assert "To the right, test images" in section.text
    assert "component of the mixture prior" in section.text
    assert "cluster 0: 20 of 20 are <square>" in shown.alt


def test_tables_have_no_images(whole: Evaluation) -> None:
    (section,) = cluster_sections(replace(whole, facts={**whole.facts, "data_shape": [64]}))
    assert "To the right" not in section.text and section.layout == "single"


def test_clusters_that_are_too_many_are_left_out_from_the_smallest() -> None:
    names = np.arange(MAX_SHOWN + 3)
    figures = {
        "cluster_names": names,
        "cluster_labels": np.arange(2),
        "cluster_contingency": np.stack([names + 1, names]),
    }
    (section,) = cluster_sections(Evaluation({}, figures, {}))
    assert "The 3 smallest clusters are left out" in section.text
    assert f"Table of {MAX_SHOWN} clusters" in section.panels[0].alt
    assert "cluster 2:" not in section.panels[0].alt


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("cluster_contingency", np.ones((3, 3))),
        ("cluster_contingency", -np.ones((3, 4))),
        ("cluster_labels", np.arange(2)),
        ("cluster_examples", np.zeros((4, 2, 1, 8, 8))),
        ("cluster_shown", np.arange(3)),
        ("cluster_example_labels", np.zeros(4)),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(
    name: str, array: np.ndarray, whole: Evaluation
) -> None:
    with pytest.raises(ValueError, match="the array cluster_"):
        cluster_sections(replace(whole, figures={**whole.figures, name: array}))


def test_a_cluster_without_examples_is_an_error_that_is_caught(whole: Evaluation) -> None:
    figures = {**whole.figures, "cluster_shown": np.array([0, 1, 3, 8])}
    with pytest.raises(KeyError):
        cluster_sections(replace(whole, figures=figures))


def test_nothing_is_drawn_without_labels(whole: Evaluation) -> None:
    figures = {k: v for k, v in whole.figures.items() if k != "cluster_labels"}
    assert cluster_sections(replace(whole, figures=figures)) == []
