"""Gaussian mixtures fitted on codes."""

from __future__ import annotations

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_info

from gwae_core.mixture_fit import fit_mixture


def test_a_mixture_is_found_on_one_thread_and_threads_are_given_back(monkeypatch):
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    points = np.concatenate([rng.normal(size=(50, 2)) + centre for centre in centres])
    during = []
    fit = GaussianMixture.fit

    def watched(self, x):
        during.extend(pool["num_threads"] for pool in threadpool_info())
        return fit(self, x)

    monkeypatch.setattr(GaussianMixture, "fit", watched)
    before = [pool["num_threads"] for pool in threadpool_info()]
    mixture = fit_mixture(points, 3, regularization=1e-3, starts=2, seed=0)
    assert set(during) == {1}
    assert [pool["num_threads"] for pool in threadpool_info()] == before
    found = mixture.means_[np.lexsort(mixture.means_.round().T)]
    expected = centres[np.lexsort(centres.T)]
    assert np.abs(found - expected).max() < 0.5
    assert set(np.bincount(mixture.predict(points)).tolist()) == {50}
