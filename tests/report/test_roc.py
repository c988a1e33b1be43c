from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gwae_core.evaluation.stored import Evaluation
from gwae_core.report.roc import ood_sections

RATES = np.linspace(0, 1, 101)
CURVES = {
    "pixel-mean": np.stack([RATES, RATES]),
    "reconstruction": np.stack([RATES, np.sqrt(RATES)]),
    "own": np.stack([RATES, RATES**2]),
}


def drawn(prefix: str = "ood.", metrics: dict[str, float] | None = None, **facts: Any) -> list[Any]:
    figures = {f"{prefix}{name}.roc": curve for name, curve in CURVES.items()}
    (section,) = ood_sections(Evaluation(metrics or {}, figures, facts))
    return list(section.panels)


def test_the_best_score_comes_first_and_the_baseline_last() -> None:
    (shown,) = drawn()
    expected = "reconstruction error, 0.666; own, 0.333; mean of all pixels (baseline), 0.500"
    assert shown.alt.endswith(expected)
    assert shown.name == "ood_roc"


def test_areas_are_those_of_the_metric_with_their_intervals() -> None:
    metrics = {"ood.own.auroc": 0.9, "ood.reconstruction.auroc": 0.7, "ood.pixel-mean.auroc": 0.51}
    (shown,) = drawn(metrics=metrics, intervals={"ood.own.auroc": [0.85, 0.95]})
    assert "own, 0.900 [0.850, 0.950]; reconstruction error, 0.700; " in shown.alt
    assert "mean of all pixels (baseline), 0.510" in shown.alt


def test_every_other_data_set_has_a_panel_of_its_own() -> None:
    figures = {f"ood.{other}.pixel-mean.roc": CURVES["own"] for other in ("letters", "clothes")}
    (section,) = ood_sections(Evaluation({}, figures, {}))
    assert [shown.name for shown in section.panels] == ["ood_letters_roc", "ood_clothes_roc"]
    assert section.panels[0].caption == "Other data: letters."


@pytest.mark.parametrize(
    "curve", [np.ones((3, 5)), 2 * np.ones((2, 5)), np.ones(5), np.full((2, 3), np.inf)]
)
def test_what_is_no_curve_is_refused(curve: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"the array ood\.a\.roc"):
        ood_sections(Evaluation({}, {"ood.a.roc": curve}, {}))


def test_nothing_is_drawn_without_other_data() -> None:
    (section,) = ood_sections(Evaluation({}, {"x": np.zeros(3)}, {}))
    assert section.panels == ()
