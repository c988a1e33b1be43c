"""Fully connected layers, shared by encoders and decoders."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


def hidden_layers(inputs: int, widths: Sequence[int]) -> nn.Sequential:
    """Linear and SiLU for each width; no width gives the identity."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(inputs, width), nn.SiLU()]
        inputs = width
    return nn.Sequential(*layers)
