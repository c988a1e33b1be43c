"""How disentangled are codes? Any two arrays will do; here each factor has a noisy code."""

import numpy as np

from gwae_core.evaluation import dci_scores, mig_score

rng = np.random.default_rng(0)
factors = rng.integers(0, 4, size=(3000, 3))  # (n, n_factors)
codes = factors + 0.2 * rng.normal(size=(3000, 3))  # (n, latent_dim)

found = dci_scores(
    codes[:2000], factors[:2000], codes[2000:], factors[2000:], variant="forest", seed=0
)
print(f"disentanglement {found.disentanglement:.2f}, completeness {found.completeness:.2f}")
print(found.importance.round(2))  # (latent_dim, n_factors)
print(f"mutual information gap {mig_score(codes, factors).score:.2f}")
