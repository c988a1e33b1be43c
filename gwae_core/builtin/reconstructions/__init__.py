"""Built-in reconstructions."""

from __future__ import annotations

from gwae_core.builtin.reconstructions.bernoulli import Bernoulli
from gwae_core.builtin.reconstructions.l1 import L1
from gwae_core.builtin.reconstructions.learned_similarity import LearnedSimilarity
from gwae_core.builtin.reconstructions.negative_binomial import NegativeBinomial
from gwae_core.builtin.reconstructions.squared_error import SquaredError
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (
    SquaredError,
    L1,
    Bernoulli,
    NegativeBinomial,
    LearnedSimilarity,
)

__all__ = [
    "COMPONENTS",
    "L1",
    "Bernoulli",
    "LearnedSimilarity",
    "NegativeBinomial",
    "SquaredError",
]
