"""The variational ladder autoencoder."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from gwae_baselines.ladder import LadderPosterior, gaussian, gaussian_features, perceptron
from gwae_baselines.penalized import Coded, PenalizedAutoencoder
from gwae_core import BuildContext, Objective
from gwae_core.errors import ComponentError
from gwae_core.ramps import Weight


class VLAE(PenalizedAutoencoder):
    """Variational ladder autoencoder: parts of the code enter the networks at different depths.

    z = (z_1, ..., z_L), independent under the prior, L = E_q[-log p(x | z)] + beta KL(q(z | x) |
    pi(z)) (Zhao et al., 2017). Upwards h_1 = (mean, log variance) of the encoder, h_l = f_l(h_l-1),
    and z_l is Gaussian with moments linear in h_l; downwards t_L = g_L(z_L), t_l = g_l(t_l+1, z_l),
    and the decoder takes t_1. The f_l and g_l are perceptrons of one hidden layer, so that later
    parts pass more of them and hold what is more abstract.
    """

    class Config(Objective.Config):
        """Number and width of the levels."""

        type: Literal["vlae"] = "vlae"
        num_levels: PositiveInt = 2
        """Number of levels L; the latent dimensions are shared evenly among them."""
        width: PositiveInt = 128
        """Hidden units of each f_l and g_l."""
        beta: Weight = 1.0
        """Weight of the divergence: a number, or a ramp over the run."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.density_prior()
        d, count, width = self.latent_dim, config.num_levels, config.width
        if count > d:
            raise ComponentError(
                f"{count} levels cannot share {d} latent dimensions",
                hint="set objective.num_levels lower, or latent_dim higher",
            )
        self.sizes = [d // count + (level < d % count) for level in range(count)]
        self.moments = nn.ModuleList(nn.Linear(2 * d, 2 * size) for size in self.sizes)
        self.up = nn.ModuleList(perceptron(2 * d, width, 2 * d) for _ in self.sizes[1:])
        inputs = [d + size for size in self.sizes[:-1]] + [self.sizes[-1]]
        self.down = nn.ModuleList(perceptron(size, width, d) for size in inputs)

    def encode(self, x: Tensor) -> LadderPosterior:
        """Posterior over codes of data (n, *data_shape), with those of the levels."""
        base = super().encode(x)
        h = gaussian_features(base)  # (n, 2d)
        levels = []
        for level, moments in enumerate(self.moments):
            h = self.up[level - 1](h) if level else h
            levels.append(gaussian(moments(h)))
        mean = torch.cat([level.mean for level in levels], dim=1)
        log_variance = torch.cat([level.log_variance for level in levels], dim=1)
        return LadderPosterior(mean, log_variance, tuple(levels))

    def decode_params(self, z: Tensor) -> Tensor:
        """Decoder's output (n, *output_shape) for codes (n, d)."""
        *shallow, t = torch.split(z, self.sizes, dim=1)
        t = self.down[-1](t)  # (n, d)
        for level in reversed(range(len(shallow))):
            t = self.down[level](torch.cat([t, shallow[level]], dim=1))
        return super().decode_params(t)

    def penalties(self, coded: Coded, *, generator: torch.Generator) -> dict[str, Tensor]:
        """``divergence``, beta KL(q(z | x) | pi(z))."""
        return {"divergence": self.weight(self.config.beta) * self.kl(coded)}
