"""The factorised neural prior: one small network a coordinate."""

from __future__ import annotations

import itertools
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from gwae_core.builtin.priors.leaky_silu import LeakySiLU
from gwae_core.builtin.priors.neural import VARIANCE_FLOOR
from gwae_core.context import BuildContext
from gwae_core.interfaces import Prior

NODES = 257
"""Nodes of the quadrature; the trapezoidal rule is accurate to rounding for smooth integrands."""
REACH = 6.0
"""Its nodes span [-6, 6], which holds all but 2e-9 of the noise."""


class GroupedLinear(nn.Module):
    """d linear maps side by side, (d, n, fan_in) to (d, n, fan_out), as one batched product.

    Args:
        groups: d, the number of maps.
        fan_in: Inputs of each map.
        fan_out: Outputs of each map.
        bias: Whether the maps have biases.
    """

    def __init__(self, groups: int, fan_in: int, fan_out: int, *, bias: bool = True) -> None:
        super().__init__()
        bound = fan_in**-0.5  # as nn.Linear begins
        weight = torch.empty(groups, fan_in, fan_out).uniform_(-bound, bound)
        self.weight = nn.Parameter(weight)
        self.bias: nn.Parameter | None = None
        if bias:
            self.bias = nn.Parameter(torch.empty(groups, 1, fan_out).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Apply map k to x[k]."""
        if self.bias is None:
            return torch.bmm(x, self.weight)
        return torch.baddbmm(self.bias, x, self.weight)


class FactorizedNeural(Prior):
    """Independent coordinates, each noise through a network of its own: disentanglement.

    z_d = (g_d(eps_d) - m_d) / s_d with eps ~ N(0, I), g_d an MLP 1-4-4-4-1 with LeakySiLU, and m_d,
    s_d the mean and standard deviation of g_d(eps_d) (Nakagawa et al., 2023). These are integrals
    over one dimension, which quadrature gives to rounding, differentiably: samples (n, d) have mean
    0 and variance 1 in training and in evaluation alike, and are independent for any n.
    """

    class Config(Prior.Config):
        """Size of the networks."""

        type: Literal["factorized-neural"] = "factorized-neural"
        hidden_layers: PositiveInt = 3
        """Number of hidden layers of each network."""
        width: PositiveInt = 4
        """Width of the hidden layers."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        d = self.latent_dim
        layers: list[nn.Module] = []
        for fan_in, fan_out in itertools.pairwise([1] + config.hidden_layers * [config.width]):
            layers += [GroupedLinear(d, fan_in, fan_out), LeakySiLU()]
        # the standardisation would take a bias away again
        self.networks = nn.Sequential(*layers, GroupedLinear(d, config.width, 1, bias=False))
        nodes = torch.linspace(-REACH, REACH, NODES)
        self.register_buffer("nodes", nodes, persistent=False)
        self.register_buffer("masses", (-nodes.square() / 2).softmax(0), persistent=False)

    nodes: Tensor
    masses: Tensor

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw z_d = (g_d(eps_d) - m_d) / s_d: (n, d), with independent coordinates."""
        values = self._apply_networks(self.nodes[:, None].expand(-1, self.latent_dim))
        mean = self.masses @ values  # (d,)
        variance = self.masses @ (values - mean).square()
        z = self._apply_networks(self.noise(n, generator=generator))
        return (z - mean) / (variance + VARIANCE_FLOOR).sqrt()

    def _apply_networks(self, eps: Tensor) -> Tensor:
        values: Tensor = self.networks(eps.T[:, :, None])  # (d, n, 1)
        return values[:, :, 0].T
