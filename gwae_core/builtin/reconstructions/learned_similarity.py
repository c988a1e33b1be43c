"""The squared error in features of the critic."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import NonNegativeFloat, NonNegativeInt
from torch import Tensor

from gwae_core.context import BuildContext, require
from gwae_core.errors import ComponentError
from gwae_core.interfaces import AdversarialDivergence, Reconstruction


class LearnedSimilarity(Reconstruction):
    """Squared error in hidden features of the critic, which learns what tells data apart.

    s^2 / 2 |f_l(x) - f_l(g(z))|^2 + a / 2 |x - g(z)|^2, f_l the critic's layer l on data (Larsen et
    al., 2016), s the data's spread, which brings the features' unit back to the data's, a the
    weight of pixels. No gradient reaches the critic from here. It needs a divergence with a critic
    (`divergence: critic`); with a prior that is fitted on codes, set `representation_share: 0`,
    since that first stage trains no critic and its features would be random ones.
    """

    class Config(Reconstruction.Config):
        """Which features, and how much of the pixels."""

        type: Literal["learned-similarity"] = "learned-similarity"
        layer: NonNegativeInt | None = None
        """Hidden layer l of the critic's branch for data, from 0; null takes the middle one."""
        pixel_weight: NonNegativeFloat = 0.0
        """Weight a of the squared error of the data themselves."""

    config: Config
    scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        dtype = torch.get_default_dtype()
        self.register_buffer("scale", torch.tensor(context.statistics.scale, dtype=dtype))
        self.critic: AdversarialDivergence | None = None

    def use_critic(self, critic: AdversarialDivergence | None) -> None:
        """Take the critic whose features count.

        Raises:
            ComponentError: There is none, or it has not that many layers.
        """
        if critic is None:
            raise ComponentError(
                "the reconstruction 'learned-similarity' compares features of a critic, and there "
                "is none",
                hint="set the objective's `divergence: critic`, or `reconstruction: squared-error`",
            )
        self.critic = critic
        layers = critic.feature_layers
        if self.config.layer is not None and self.config.layer >= layers:
            raise ComponentError(
                f"the critic has {layers} hidden layers for data, numbered from 0; got layer "
                f"{self.config.layer}",
                hint="take a smaller reconstruction.layer, or null for the middle one",
            )

    def loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Loss of each point, given predictions (n, *data_shape): (n,).

        Raises:
            ComponentError: The objective gave no critic.
        """
        if self.critic is None:
            self.use_critic(None)
        assert self.critic is not None
        layer = self.config.layer
        if layer is None:
            layer = (self.critic.feature_layers - 1) // 2
        with torch.no_grad():
            wanted = self.critic.features(x, layer=layer)
        difference = self.critic.features(params, layer=layer) - wanted
        loss = 0.5 * self.scale.square() * difference.flatten(1).square().sum(1)
        if self.config.pixel_weight > 0:
            pixels = (x - params).flatten(1).square().sum(1)
            loss = loss + 0.5 * self.config.pixel_weight * pixels
        return loss

    def mean(self, params: Tensor) -> Tensor:
        """Expected data: the parameters themselves, (n, *data_shape)."""
        return params
