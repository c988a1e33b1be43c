"""The activation of the neural priors."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LeakySiLU(nn.Module):
    """(1 - a) silu(x) + a x: smooth, and with a slope of a where the SiLU dies out.

    Args:
        slope: a, the slope at minus infinity.
    """

    def __init__(self, slope: float = 0.2) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Apply the activation to each entry."""
        return torch.lerp(nn.functional.silu(x), x, self.slope)
