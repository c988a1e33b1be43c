from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from gwae_core.evaluation import (
    adjusted_rand,
    cluster_scores,
    contingency,
    matched_accuracy,
    normalized_information,
)

labels = st.lists(st.integers(0, 3), min_size=2, max_size=12).map(np.array)


@given(labels, st.integers(0, 2**32 - 1))
def test_a_table_says_what_the_points_say(y: np.ndarray, seed: int) -> None:
    c = np.random.default_rng(seed).integers(0, 4, len(y))
    table = contingency(y, c)
    np.testing.assert_array_equal(table, contingency_matrix(y, c))
    tables = np.stack([table, table])
    assert matched_accuracy(tables) == pytest.approx(cluster_scores(y, c).accuracy)
    assert adjusted_rand(tables) == pytest.approx(adjusted_rand_score(y, c))
    assert normalized_information(tables) == pytest.approx(
        normalized_mutual_info_score(y, c), abs=1e-9
    )


def test_labels_that_a_resample_has_lost_do_not_count() -> None:
    table = np.array([[[3, 0, 0], [0, 2, 0], [0, 0, 0]]])
    for score in (matched_accuracy, adjusted_rand, normalized_information):
        assert score(table) == pytest.approx(1.0)


@pytest.mark.parametrize("score", [adjusted_rand, normalized_information])
def test_one_label_and_one_cluster_agree(score) -> None:
    assert score(np.array([[[5]], [[1]]])) == pytest.approx(1.0)
