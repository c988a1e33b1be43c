"""The mutual information gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.codes_and_factors import checked
from gwae_core.evaluation.factor_classes import factor_classes
from gwae_core.evaluation.gap import gaps
from gwae_core.evaluation.mutual_information import code_factor_information, entropies


@dataclass(frozen=True)
class MIG:
    """The mutual information gap and what it is made of.

    Attributes:
        score: Mean over factors; 1 where each factor is known from one code and from no other.
        per_factor: Gap of each factor over its entropy, (K,).
        mutual_information: I(z_i; y_j) in nats, (L, K).
    """

    score: float
    per_factor: NDArray[np.float64]
    mutual_information: NDArray[np.float64]


def mig_score(z: NDArray[Any], y: NDArray[Any]) -> MIG:
    """The mean over factors of (I_(1)j - I_(2)j) / H(y_j) (Chen et al., 2018).

    I_(1)j and I_(2)j are the largest and second largest mutual information of factor j with a
    code. Each code is in 20 bins of equal width, and so is a continuous factor.

    Args:
        z: Codes, (n, L), L at least 2.
        y: Factors, (n, K), K at least 2.

    Raises:
        DataError: `codes_and_factors.checked` refuses them.
    """
    given = checked(z, y)
    information = code_factor_information(given)
    per_factor = gaps(information) / entropies(factor_classes(given.y))
    return MIG(float(per_factor.mean()), per_factor, information)
