"""Whether each code tells of one factor only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.evaluation.codes_and_factors import checked
from gwae_core.evaluation.mutual_information import code_factor_information


@dataclass(frozen=True)
class Modularity:
    """Modularity and what it is made of.

    Attributes:
        score: Mean over codes.
        per_code: Score of each code, (L,); 0 of one that tells of no factor.
        mutual_information: I(z_i; y_j) in nats, (L, K).
    """

    score: float
    per_code: NDArray[np.float64]
    mutual_information: NDArray[np.float64]


def modularity_score(z: NDArray[Any], y: NDArray[Any]) -> Modularity:
    """Mean over codes of 1 - (sum_j I_ij^2 - max_j I_ij^2) / (max_j I_ij^2 (K - 1)).

    I_ij is the mutual information of code i in 20 bins and factor j (Ridgeway and Mozer, 2018).
    Estimates of I are never quite 0, so pure noise scores well above 0.

    Args:
        z: Codes, (n, L), L at least 2.
        y: Factors, (n, K), K at least 2.

    Raises:
        DataError: `codes_and_factors.checked` refuses them.
    """
    information = code_factor_information(checked(z, y))
    square = np.square(information)
    largest = square.max(axis=1)
    dead = largest == 0
    others = (square.sum(axis=1) - largest) / (square.shape[1] - 1)
    per_code = np.where(dead, 0.0, 1 - others / np.where(dead, 1.0, largest))
    return Modularity(float(per_code.mean()), per_code, information)
