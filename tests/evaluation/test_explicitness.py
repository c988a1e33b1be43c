from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from gwae_core.evaluation import explicitness_score

rng = np.random.default_rng(0)
Y = rng.integers(0, 3, (400, 2))
Z = Y @ rng.normal(size=(2, 3)) + 0.5 * rng.normal(size=(400, 3))


def test_area_of_one_class_against_the_rest() -> None:
    z = (Z - Z[:300].mean(axis=0)) / Z[:300].std(axis=0)
    expected = [
        roc_auc_score(
            Y[300:, j],
            LogisticRegression().fit(z[:300], Y[:300, j]).predict_proba(z[300:]),
            multi_class="ovr",
        )
        for j in range(2)
    ]
    found = explicitness_score(Z[:300], Y[:300], Z[300:], Y[300:])
    assert found.test == pytest.approx(np.mean(expected), abs=1e-12)


def test_a_rotation_of_the_codes_changes_hardly_anything() -> None:
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turned = Z @ turn
    found = explicitness_score(turned[:300], Y[:300], turned[300:], Y[300:])
    straight = explicitness_score(Z[:300], Y[:300], Z[300:], Y[300:])
    assert found.test == pytest.approx(straight.test, abs=5e-3)


def test_codes_that_separate_the_classes_score_one_and_noise_a_half() -> None:
    z = np.eye(3)[Y].reshape(400, 6)
    perfect = explicitness_score(z, Y, z, Y)
    assert (perfect.train, perfect.test) == (1.0, 1.0)
    noise = rng.normal(size=(4000, 2))
    y = rng.integers(0, 3, (4000, 2))
    found = explicitness_score(noise[:2000], y[:2000], noise[2000:], y[2000:])
    assert found.test == pytest.approx(0.5, abs=0.03)
