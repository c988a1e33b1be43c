from __future__ import annotations

import numpy as np
import pytest

from gwae_core.report.latent import MAX_LEGEND, distance_panel, embedding_panel

rng = np.random.default_rng(0)


@pytest.mark.parametrize("labels", [1, 10, MAX_LEGEND + 5])
def test_any_number_of_labels_has_a_picture(labels: int) -> None:
    y = np.arange(100) % labels
    shown = embedding_panel(rng.normal(size=(100, 2)), y, label_names=("a",), method="t-SNE")
    how = f"by {labels} labels" if labels <= MAX_LEGEND else f"by label from 0 to {labels - 1}"
    assert shown.alt == f"Scatter plot, t-SNE of codes of 100 test points, coloured {how}"


def test_a_single_collapsed_point_has_a_picture() -> None:
    shown = embedding_panel(np.zeros((1, 2)), None, label_names=None, method="codes")
    assert shown.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("d_z", [np.zeros(50), rng.uniform(size=50), np.empty(0)])
def test_collapsed_codes_and_missing_pairs_have_a_picture(d_z: np.ndarray) -> None:
    d_x = rng.uniform(size=len(d_z))
    slope = 0.0 if not d_z.any() else 1.3
    shown = distance_panel(d_x, d_z, slope=slope, name="geodesic")
    assert f"C = {slope:.3g}" in shown.alt
    assert f"{len(d_z)} pairs" in shown.alt
