"""Spectral normalisation whose power iteration runs on demand."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gwae_core.builtin.encoders.stages import channels_last

START_ITERATIONS = 20
"""Iterations on the first weight, so that training starts from an accurate norm."""


class SpectralNorm(nn.Module):
    """Parametrisation W -> W / sigma(W), with sigma = u^T W v the largest singular value.

    u and v move in `iterate` alone (Miyato et al., 2018, iterate in every forward pass): a forward
    pass changes no state, so that evaluation needs no mode and several passes see one function.

    Args:
        weight: First weight, (fan_out, ...); trailing dimensions are flattened.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        matrix = weight.detach().flatten(1)
        self.register_buffer("u", nn.functional.normalize(torch.randn(len(matrix)), dim=0))
        self.register_buffer("v", nn.functional.normalize(torch.randn(matrix.shape[1]), dim=0))
        for _ in range(START_ITERATIONS):
            self.iterate(weight)

    @torch.no_grad()
    def iterate(self, weight: Tensor) -> None:
        """One power iteration on the weight before normalisation."""
        matrix = weight.flatten(1)
        # new tensors, because a graph of an earlier pass may still hold the old ones
        self.v = nn.functional.normalize(matrix.T @ self.u, dim=0)
        self.u = nn.functional.normalize(matrix @ self.v, dim=0)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight over its largest singular value."""
        # once for all passes, each of which would bring it into this order
        return channels_last(weight / (self.u @ weight.flatten(1) @ self.v))


def spectral(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    """The layer with its weight spectrally normalised."""
    norm = SpectralNorm(layer.weight)
    parametrize.register_parametrization(layer, "weight", norm)
    return layer


def power_iteration(network: nn.Module) -> None:
    """One power iteration in every spectrally normalised layer of a network."""
    for module in network.modules():
        if isinstance(module, parametrize.ParametrizationList):
            for norm in module:
                if isinstance(norm, SpectralNorm):
                    norm.iterate(module.original)
