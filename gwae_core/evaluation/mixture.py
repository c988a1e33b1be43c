"""Clusters that a mixture prior carries itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gwae_core.interfaces import MixturePrior, Objective, WeightedSamples


def mixture_prior(model: Objective) -> MixturePrior | None:
    """The model's submodule ``prior`` where it is a mixture, else None."""
    prior = dict(model.named_children()).get("prior")
    return prior if isinstance(prior, MixturePrior) else None


def mixture_clusters(prior: MixturePrior, z: NDArray[Any]) -> NDArray[np.int64]:
    """Component of largest responsibility of each code (n, d): (n,)."""
    codes = torch.as_tensor(z, device=prior.anchor.device, dtype=prior.anchor.dtype)
    with torch.inference_mode():
        return np.asarray(prior.responsibilities(codes).argmax(1).cpu().numpy(), np.int64)


def component_weights(
    prior: MixturePrior, *, n: int = 8192, generator: torch.Generator | None = None
) -> NDArray[np.float32]:
    """Weight of each component, (K,), as the mean responsibility E_{z ~ pi}[r_k(z)] = w_k.

    It needs only what every mixture prior declares; its error is about sqrt(w_k / n).
    """
    with torch.inference_mode():
        drawn = prior.sample(n, generator=generator)
        if isinstance(drawn, WeightedSamples):
            weights = drawn.weights @ prior.responsibilities(drawn.z)
        else:
            weights = prior.responsibilities(drawn).mean(0)
    return np.asarray(weights.cpu().numpy(), np.float32)
