"""What an encoder does to data before its network sees them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError

InputTransform = Literal["standardize", "logit", "log1p", "none"]

LOGIT_MARGIN = 1e-3
"""Data in [0, 1] are moved into [margin, 1 - margin], where the logit is finite."""


class Moments(nn.Module):
    """Mean of each data dimension and one scale for all, saved with the model.

    A single scale keeps the geometry of the data, and dimensions that hardly vary stay quiet.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, context: BuildContext) -> None:
        super().__init__()
        dtype = torch.get_default_dtype()
        statistics = context.statistics
        self.register_buffer("mean", statistics.mean.detach().clone().to(dtype))
        self.register_buffer("scale", torch.tensor(statistics.scale, dtype=dtype))


class Standardize(Moments):
    """(x - mean) / scale."""

    def forward(self, x: Tensor) -> Tensor:
        """Standardise data (n, *data_shape)."""
        return (x - self.mean) / self.scale


class Logit(nn.Module):
    """log(t / (1 - t)) with t = margin + (1 - 2 margin) x, for data in [0, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        """Transform data (n, *data_shape)."""
        return torch.logit(LOGIT_MARGIN + (1 - 2 * LOGIT_MARGIN) * x.clamp(0, 1))


class Log1p(nn.Module):
    """log(1 + x), for counts and other data that are not negative."""

    def forward(self, x: Tensor) -> Tensor:
        """Transform data (n, *data_shape)."""
        return torch.log1p(x.clamp_min(0))


def input_transform(name: InputTransform, context: BuildContext) -> nn.Module:
    """The transform of a name, with what it takes from the training data.

    Raises:
        ComponentError: ``logit`` where the training data leave [0, 1], or ``log1p`` where some are
            negative.
    """
    match name:
        case "standardize":
            return Standardize(context)
        case "logit":
            require_unit_interval(context, "input: logit", "input: standardize")
            return Logit()
        case "log1p":
            # Without training data the statistics are neutral and say nothing about the range.
            if context.train_data is not None and not context.statistics.low >= 0:
                raise ComponentError(
                    "`input: log1p` needs data that are not negative; the training data begin at "
                    f"{context.statistics.low:g}",
                    hint="set `input: standardize`",
                )
            return Log1p()
        case "none":
            return nn.Identity()


def require_unit_interval(context: BuildContext, setting: str, alternative: str) -> None:
    """Refuse a setting where the training data leave [0, 1].

    Raises:
        ComponentError: They do.
    """
    low, high = context.statistics.low, context.statistics.high
    # Without training data the statistics are neutral and say nothing about the range.
    if context.train_data is not None and not (low >= 0 and high <= 1):
        raise ComponentError(
            f"`{setting}` needs data in [0, 1]; the training data lie in [{low:g}, {high:g}]",
            hint=f"set `{alternative}`, or scale the data",
        )
