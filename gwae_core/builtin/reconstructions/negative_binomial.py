"""The negative binomial likelihood of counts."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import PositiveFloat
from torch import Tensor, nn

from gwae_core.context import BuildContext, require
from gwae_core.errors import DataError
from gwae_core.interfaces import Reconstruction

SMALLEST_MEAN = 1e-8
"""Added to means, so that a rate of 0 has a finite likelihood."""
LARGEST_LOG_RATE = 15.0
"""Bound of log rates relative to the training mean, where the exponential is still harmless."""


class NegativeBinomial(Reconstruction):
    """Negative binomial likelihood of counts, such as reads of genes in cells.

    -log p(x) = -sum_j [ log Gamma(x_j + t_j) - log Gamma(t_j) - log x_j! + t_j log(t_j / (t_j +
    m_j)) + x_j log(m_j / (t_j + m_j)) ], with mean m_j and variance m_j + m_j^2 / t_j; the
    dispersion t_j of each dimension is learned (Lopez et al., 2018). With decoder output l and
    training means b:

    - ``size: library``: m = L(x) softmax(l + log b), L(x) = sum_j x_j the point's own total, so
      that the codes need not carry the sequencing depth; the expected data have the mean total;
    - ``size: none``: m_j = b_j exp(l_j).

    The decoder's `output` is then ``raw`` (``auto`` finds it), and `input: log1p` suits the
    encoder. GW compares the data as they are: with raw counts the Euclidean metric sees depth and
    few abundant genes, so take `ground_cost: cosine`, which depth does not change.
    """

    class Config(Reconstruction.Config):
        """Size factors, and the dispersion at the start."""

        type: Literal["negative-binomial"] = "negative-binomial"
        size: Literal["library", "none"] = "library"
        """What the mean is proportional to: the point's own total (``library``), or nothing."""
        initial_dispersion: PositiveFloat = 1.0
        """First t_j of every dimension: the variance is mean + mean^2 / t_j."""

    config: Config
    log_mean: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        dtype = torch.get_default_dtype()
        mean = context.statistics.mean.to(dtype).clamp_min(0)
        # A dimension that is 0 in all of the training data may still be expressed, if hardly.
        floor = 1e-3 * mean.mean() if bool(mean.any()) else torch.ones((), dtype=dtype)
        self.register_buffer("log_mean", mean.clamp_min(floor).log())
        start = torch.full(context.data_shape, math.log(config.initial_dispersion), dtype=dtype)
        self.log_dispersion = nn.Parameter(start)

    @property
    def dispersion(self) -> Tensor:
        """Dispersion t of each dimension, (*data_shape)."""
        return self.log_dispersion.exp()

    def check_data(self, low: float, high: float) -> None:
        """Refuse what cannot be counts.

        Raises:
            DataError: The data are negative, or their least or largest value is not whole.
        """
        # Negated, so that NaN is refused too.
        if not (low >= 0 and low == round(low) and high == round(high)):
            raise DataError(
                "the negative-binomial reconstruction needs counts 0, 1, 2, ...; these data lie in "
                f"[{low:g}, {high:g}]",
                hint="give the raw counts (not normalised, no logarithm; for images of 8-bit "
                "integers `scaling: none`), or set `reconstruction: squared-error`",
            )

    def loss(self, params: Tensor, x: Tensor) -> Tensor:
        """Negative log likelihood in nats of each point, given l (n, *data_shape): (n,)."""
        total = x.flatten(1).sum(1) if self.config.size == "library" else None
        m = self._means(params, total) + SMALLEST_MEAN
        t = self.dispersion
        log_binomial = torch.lgamma(x + t) - torch.lgamma(t) - torch.lgamma(x + 1)
        # t log(t / (t + m)) + x log(m / (t + m))
        log_powers = x * m.log() - (x + t) * (t + m).log() + t * t.log()
        return -(log_binomial + log_powers).flatten(1).sum(1)

    def mean(self, params: Tensor) -> Tensor:
        """Expected counts (n, *data_shape), with ``size: library`` at the training mean's total."""
        total = None
        if self.config.size == "library":
            total = self.log_mean.exp().sum().expand(len(params))
        return self._means(params, total)

    def _means(self, params: Tensor, total: Tensor | None) -> Tensor:
        """M (n, *data_shape), of totals (n,) where the size is the library's."""
        if total is None:
            return (self.log_mean + params.clamp(max=LARGEST_LOG_RATE)).exp()
        shares = (self.log_mean + params).flatten(1).softmax(1)  # (n, p)
        return (total[:, None] * shares).reshape(params.shape)
