"""How far the best code of a factor is ahead of the second."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def gaps(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Largest minus second largest over codes of each factor, (L, K) -> (K,), L at least 2."""
    ordered = np.sort(np.asarray(scores, dtype=np.float64), axis=0)
    return np.asarray(ordered[-1] - ordered[-2])
