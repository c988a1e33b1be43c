"""The gradient of the critic with respect to what it sees, by vector-Jacobian products."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gwae_core.builtin.decoders.up_convolution import up_convolution
from gwae_core.builtin.divergences.critic_network import CriticNetwork, layers_of


class CriticGradient(nn.Module):
    """grad f of a critic network, differentiable in the weights, not in x and z.

    f is piecewise linear, so that its gradient is a product of weights and of slopes, and slopes
    are constants. The derivative of a gradient penalty is then one backward pass; to differentiate
    a backward pass takes one more, through zeros.

    Args:
        network: f.
    """

    def __init__(self, network: CriticNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients with respect to x, (n, *data_shape), and z, (n, d), of each pair."""
        branches = (self.network.of_x, self.network.of_z, self.network.joint)
        of_x, of_z, joint = (list(layers_of(branch)) for branch in branches)
        with torch.no_grad():
            inputs_x, a = _inputs(of_x, x)
            inputs_z, b = _inputs(of_z, z)
            inputs, values = _inputs(joint, torch.cat([a, b], dim=1))
        g = _pull_back(joint, inputs, torch.ones_like(values))
        g_a, g_b = g[:, : a.shape[1]], g[:, a.shape[1] :]
        return _pull_back(of_x, inputs_x, g_a), _pull_back(of_z, inputs_z, g_b)


def _inputs(layers: Sequence[nn.Module], h: Tensor) -> tuple[list[Tensor], Tensor]:
    """What each layer sees, and what the last one returns."""
    seen = []
    for layer in layers:
        seen.append(h)
        h = layer(h)
    return seen, h


def _pull_back(layers: Sequence[nn.Module], inputs: Sequence[Tensor], g: Tensor) -> Tensor:
    """The vector-Jacobian product of layers: g at their output, brought to their input."""
    for layer, h in zip(reversed(layers), reversed(inputs), strict=True):
        match layer:
            case nn.Linear():
                g = g @ layer.weight
            case nn.Conv2d():
                odd = [size % 2 for size in h.shape[2:]]  # a pixel that stride 2 leaves over
                g = up_convolution(g, layer.weight, None, odd=odd)
            case nn.LeakyReLU():
                g = torch.ops.aten.leaky_relu_backward(g, h, layer.negative_slope, False)
            case _:
                assert isinstance(layer, nn.Flatten), layer
                g = g.reshape(h.shape)
    return g
