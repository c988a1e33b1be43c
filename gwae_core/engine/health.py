"""Signs that a model is not well, each with its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_SCALE = 50.0
"""Root mean square of codes beyond which the posterior counts as exploded."""
HOPELESS_SCALE = 1e6
"""Root mean square of codes beyond which training cannot recover."""
MIN_EXPLAINED = 0.05
"""Explained variance below which the decoder emits little more than the mean of the data."""
SETTLED = 0.5
"""Share of a stage after which a model should have learned to reconstruct."""


@dataclass(frozen=True)
class Symptom:
    """A sign of ill health: its name, what was seen, and what to do."""

    name: str
    message: str
    remedy: str


def examine(
    observed: Mapping[str, float], *, progress: float, latent_dim: int | None = None
) -> list[Symptom]:
    """Read the observed values of a step.

    Args:
        observed: Values that the objective logs; those it does not log are not judged.
        progress: Share of the stage that is done.
        latent_dim: Number of latent dimensions, where there is one.
    """
    found = []
    scale = observed.get("posterior_scale", 0.0)
    if scale > MAX_SCALE:
        found.append(
            Symptom(
                "explosion",
                f"the posterior exploded: the root mean square of the codes is {scale:.3g}",
                "lower training.learning_rate or weights.entropy, lengthen training.warmup_steps, "
                "keep training.gradient_clip on, and bound the encoder's log variance",
            )
        )
    active = observed.get("active_units")
    fewest = 1 if latent_dim == 1 else 2
    if active is not None and active < fewest and progress >= SETTLED:
        found.append(
            Symptom(
                "collapse",
                f"the posterior collapsed: {active:.0f} of its coordinates depend on the data",
                "lower weights.divergence and weights.entropy (or vae's beta)",
            )
        )
    explained = observed.get("explained_variance")
    if explained is not None and explained < MIN_EXPLAINED and progress >= SETTLED:
        found.append(
            Symptom(
                "mean-image",
                f"reconstructions explain {max(explained, 0):.1%} of the variance of the data: "
                "the decoder emits little more than the mean",
                "lower weights.entropy and weights.divergence against weights.reconstruction, "
                "or train longer",
            )
        )
    return found
