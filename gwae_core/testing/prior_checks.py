"""Laws of priors beside those of all modules."""

from __future__ import annotations

import torch

from gwae_core.interfaces import FittablePrior, MixturePrior, WeightedSamples
from gwae_core.testing.modules import PriorSubject


def probabilities(subject: PriorSubject) -> None:
    """Weights and responsibilities are not negative and sum to 1."""
    prior = subject.build()
    drawn = prior.sample(50, generator=torch.Generator().manual_seed(0))
    found = {}
    if isinstance(drawn, WeightedSamples):
        found["weights"] = drawn.weights
    if isinstance(prior, MixturePrior):
        found["responsibilities"] = prior.responsibilities(torch.zeros(5, subject.latent_dim))
        columns = found["responsibilities"].shape[1]
        assert columns == prior.num_components, (
            f"responsibilities have {columns} columns, num_components is {prior.num_components}"
        )
    for name, values in found.items():
        assert bool((values >= 0).all()), f"{name} are negative"
        total = values.sum(-1)
        assert torch.allclose(total, torch.ones_like(total), atol=1e-4), (
            f"{name} sum to {total.flatten()[0].item():g}, not to 1"
        )


def fit(subject: PriorSubject) -> None:
    """A fit on codes is finite, and equal for equal seeds."""
    samples = []
    for _ in range(2):
        prior = subject.build()
        if not isinstance(prior, FittablePrior):
            return
        generator = torch.Generator().manual_seed(0)
        prior.fit(torch.randn(200, subject.latent_dim, generator=generator), seed=0)
        drawn = prior.sample(20, generator=generator)
        samples.append(drawn.z if isinstance(drawn, WeightedSamples) else drawn)
    assert bool(torch.isfinite(samples[0]).all()), "samples after a fit hold NaN or inf"
    assert torch.equal(*samples), "two fits of one seed differ; use `seed`"
