"""Whatever an array of an evaluation holds, the page is written or the fault is named."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.page import EVALUATED
from gwae_core.report.section import build

DAMAGE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "empty": lambda a: a[:0],
    "one more axis": lambda a: a[None],
    "shorter": lambda a: a[:-1],
    "a number": lambda a: np.array(3.0),
    "text": lambda a: a.astype(str),
    "not a number": lambda a: np.full(a.shape, np.nan),
    "huge": lambda a: np.full(a.shape, 1e308),
    "negative": lambda a: -1 - np.abs(a),
}
NAMES = [
    *("x", "x_hat", "samples", "z_2d", "y", "d_x", "d_z"),
    *("traversals", "traversal_dims", "traversal_z"),
    *("component_weights", "component_counts", "component_shown", "component_samples"),
    *("cluster_names", "cluster_labels", "cluster_contingency", "cluster_shown"),
    *("cluster_examples", "cluster_example_labels"),
    *("coupling_codes", "coupling_groups", "coupling_prior", "coupling_components"),
    *("dci.gbt.importance", "mig.mutual_information", "ood.reconstruction.roc"),
]
USED = {"cluster": "clusters", "coupling": "coupling", "dci": "codes and factors",
        "mig": "codes and factors", "ood": "out of distribution", "z_2d": "codes", "y": "codes",
        "d_x": "codes", "d_z": "codes"}  # fmt: skip


def survives(name: str, damage: str, whole: Evaluation) -> None:
    figures = {**whole.figures, name: DAMAGE[damage](whole.figures[name])}
    stem = name if name in USED else name.partition(".")[0].partition("_")[0]
    used = USED.get(stem, "data")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, faults = build({used: EVALUATED[used]}, replace(whole, figures=figures))
    assert all(len(fault.split()) > 1 for fault in faults)


# Drawing takes its time: three kinds of damage for each array, every kind for some of each section.
CASES = [
    (name, [*DAMAGE][(3 * k + j) % len(DAMAGE)]) for k, name in enumerate(NAMES) for j in range(3)
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "damage"), CASES)
def test_any_array_may_be_damaged(name: str, damage: str, whole: Evaluation) -> None:
    survives(name, damage, whole)


FACTS: list[Any] = [None, "text", [None, {}], {"a": 1}, 1e400]


@pytest.mark.slow
@pytest.mark.parametrize("value", FACTS, ids=repr)
@pytest.mark.parametrize(
    "name",
    ["label_names", "factor_names", "data_shape", "clusters", "intervals", "slope", "embedding"],
)
def test_any_fact_may_be_damaged(name: str, value: Any, whole: Evaluation) -> None:
    _, faults = build(EVALUATED, replace(whole, facts={**whole.facts, name: value}))
    assert all(len(fault.split()) > 1 for fault in faults)
