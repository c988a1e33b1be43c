"""The adversarial divergence between joint distributions of data and codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gwae_core.builtin.divergences.critic_gradient import CriticGradient
from gwae_core.builtin.divergences.critic_network import CriticNetwork
from gwae_core.builtin.divergences.spectral_norm import power_iteration
from gwae_core.builtin.encoders.stages import channels_last
from gwae_core.context import BuildContext, require
from gwae_core.errors import ComponentError
from gwae_core.interfaces import AdversarialDivergence, Sample
from gwae_core.sharding import sharded


class Critic(AdversarialDivergence):
    """Critic on pairs (x, z): the published divergence between posterior and generated joints.

    The model minimises L_D = E_p f(g(z), z) - E_q f(x, z~); the critic f minimises
    - L_D + lambda [ mean (|grad f| - 1)^2 + delta (E_q f^2 + E_p f^2) ], the gradient taken at
    x_t = t x + (1 - t) g(z), z_t = t z~ + (1 - t) z with one t ~ U(0, 1) for each pair
    (Nakagawa et al., 2023; Gulrajani et al., 2017).

    f sees u = (x - mean) / scale with the training data's moments, and v = latent_scale z, and the
    penalty is on the gradient with respect to (u, v): a larger ``latent_scale`` makes differences
    of codes count for more against those of data. Both parts of the gradient are observed; a small
    one for codes says that the critic hardly sees them. The power iteration of the spectral norm
    advances once a critic step, and nothing else here changes state.
    """

    joint = True

    class Config(AdversarialDivergence.Config):
        """Parameters of the critic, of its loss and of its training."""

        type: Literal["critic"] = "critic"
        steps: PositiveInt = 5
        """Critic steps for each step of the model."""
        gradient_penalty: NonNegativeFloat = 10.0
        """Weight lambda of the penalties."""
        drift: NonNegativeFloat = 1e-4
        """Weight delta of the squared values within the penalties."""
        latent_scale: PositiveFloat = 1.0
        """Factor on codes at the critic's input."""
        channels: PositiveInt = 8
        """Channels of the first convolution; they double with each."""
        width: PositiveInt = 256
        """Width of the hidden layers."""
        features: PositiveInt = 64
        """Features of data, and of codes, that meet in the joint layers."""

    config: Config
    mean: Tensor
    scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        self.register_buffer("mean", context.statistics.mean.clone())
        self.register_buffer("scale", torch.tensor(context.statistics.scale))
        self.network = CriticNetwork(
            context.data_shape,
            context.latent_dim,
            channels=config.channels,
            width=config.width,
            features=config.features,
        )
        # in a tuple: a module of its own would list and save the network a second time
        self._gradient = (CriticGradient(self.network),)

    def forward(self, q: Sample, p: Sample, *, generator: torch.Generator | None = None) -> Tensor:
        """L_D of pairs (x, z~) ~ q and (g(z), z) ~ p, a 0-d tensor; no gradient to the critic.

        Raises:
            ComponentError: A sample carries no data.
        """
        u, v, weights = self._signed(q, p)
        values: Tensor = sharded(self.network, u, v, frozen=True)
        return weights @ values

    def score(self, sample: Sample) -> Tensor:
        """The critic's value f of each pair, (n,).

        Raises:
            ComponentError: The sample carries no data.
        """
        values: Tensor = self.network(*self._inputs(sample))
        return values

    @property
    def feature_layers(self) -> int:
        """Number of hidden layers of the network's branch for data."""
        return len(self.network.hidden_of_x())

    def features(self, x: Tensor, *, layer: int) -> Tensor:
        """Features (n, ...) of data (n, *data_shape) in a hidden layer of their branch.

        Raises:
            ComponentError: There is no such layer.
        """
        layers = self.network.hidden_of_x()
        if not 0 <= layer < len(layers):
            raise ComponentError(f"there is no hidden layer {layer}; there are {len(layers)}")
        h = (x - self.mean) / self.scale
        features: Tensor = sharded(nn.Sequential(*layers[layer]), h, frozen=True)
        return features

    def critic_losses(
        self, q: Sample, p: Sample, *, generator: torch.Generator | None = None
    ) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """Terms ``critic``, ``gradient_penalty``, ``drift``; gradient norms with respect to x, z.

        Raises:
            ComponentError: A sample carries no data.
        """
        power_iteration(self.network)
        u, v, weights = self._signed(q.detach(), p.detach())
        n = min(len(q.z), len(p.z))
        u_q, u_p, v_q, v_p = u[:n], u[len(q.z) :][:n], v[:n], v[len(q.z) :][:n]
        t = torch.rand((n, 1), generator=generator, device=v.device, dtype=v.dtype)
        t_u = t.reshape(n, *[1] * (u.ndim - 1))
        u_t, v_t = torch.lerp(u_p, u_q, t_u), torch.lerp(v_p, v_q, t)
        with parametrize.cached():  # one normalisation of the weights for both
            values = sharded(self.network, u, v)  # (n + m,)
            grad_u, grad_v = sharded(self._gradient[0], u_t, v_t)
        square_u = grad_u.square().sum(tuple(range(1, grad_u.ndim)))  # (n,)
        square_v = grad_v.square().sum(1)
        norm = _root(square_u + square_v)
        penalty = self.config.gradient_penalty
        terms = {
            "critic": -(weights @ values),
            "gradient_penalty": penalty * (norm - 1).square().mean(),
            "drift": penalty * self.config.drift * (weights.abs() @ values.square()),
        }
        observed = {
            "critic_gradient_x": _root(square_u.detach()).mean(),
            "critic_gradient_z": _root(square_v.detach()).mean(),
        }
        return terms, observed

    def _inputs(self, sample: Sample) -> tuple[Tensor, Tensor]:
        """What the network sees of a sample: u, (n, *data_shape), and v, (n, d)."""
        if sample.x is None:
            raise ComponentError(
                "the divergence 'critic' compares pairs of data and codes, and got codes alone",
                hint="give each sample its data: Sample(z, weights, x)",
            )
        u = (sample.x - self.mean) / self.scale
        return channels_last(u), self.config.latent_scale * sample.z

    def _signed(self, q: Sample, p: Sample) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs of both samples, and the weights w that make w^T f equal to E_p f - E_q f."""
        (u_q, v_q), (u_p, v_p) = self._inputs(q), self._inputs(p)
        return torch.cat([u_q, u_p]), torch.cat([v_q, v_p]), torch.cat([-q.mass, p.mass])


def _root(square: Tensor) -> Tensor:
    """The root, with a gradient of zero at zero."""
    positive = square > 0
    return torch.where(positive, torch.where(positive, square, 1.0).sqrt(), 0.0)
