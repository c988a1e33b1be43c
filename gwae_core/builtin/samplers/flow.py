"""A normalising flow fitted on codes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from gwae_core.builtin.samplers.moments import Moments, fitting_codes, not_fitted
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError, DataError
from gwae_core.interfaces import Sampler

if TYPE_CHECKING:
    from torch import nn


class FlowSampler(Sampler):
    """A neural spline flow, fitted on codes by maximum likelihood (Durkan et al., 2019).

    Autoregressive rational-quadratic splines, by zuko; codes are standardised first, and beyond
    five deviations the flow is the identity. It follows shapes that no mixture of few components
    has, and takes some seconds to fit.
    """

    class Config(Sampler.Config):
        """Size and training of the flow."""

        type: Literal["flow"] = "flow"
        transforms: PositiveInt = 3
        """Autoregressive transformations."""
        bins: int = Field(8, ge=2)
        """Pieces of each spline."""
        width: PositiveInt = 64
        """Width of the two hidden layers of each transformation."""
        steps: PositiveInt = 1000
        """Training steps."""
        batch_size: PositiveInt = 256
        """Codes a step."""
        learning_rate: float = Field(2e-3, gt=0, le=0.1)
        """First learning rate of Adam; it falls to zero along a half cosine."""

    config: Config
    _moments: Moments | None = None
    _flow: nn.Module

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        if find_spec("zuko") is None:
            raise ComponentError(
                "the sampler 'flow' needs the package zuko, which is not installed",
                hint='pip install "gwae-core[flow]", or take the sampler gaussian-mixture',
            )

    def fit(self, z: NDArray[Any], *, seed: int) -> None:
        """Fit on codes (n, d); torch's global random state is left as it was.

        Raises:
            DataError: There are fewer than two codes, they hold NaN or inf, or the fit diverged.
        """
        import torch
        import zuko

        wide = fitting_codes(z, self.name())
        moments = Moments.of(wide)
        points = torch.from_numpy(moments.standardise(wide)).float()
        config = self.config
        generator = torch.Generator().manual_seed(seed)
        with torch.inference_mode(False), torch.enable_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            flow = zuko.flows.NSF(
                points.shape[1],
                bins=config.bins,
                transforms=config.transforms,
                hidden_features=(config.width, config.width),
            )
            optimizer = torch.optim.Adam(flow.parameters(), lr=config.learning_rate)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
            for _ in range(config.steps):
                rows = torch.randint(len(points), (config.batch_size,), generator=generator)
                loss = -flow().log_prob(points[rows]).mean()
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(flow.parameters(), 10.0)
                optimizer.step()
                schedule.step()
        if not bool(torch.isfinite(loss)):
            raise DataError(
                "the fit of the sampler 'flow' diverged", hint="lower its learning_rate"
            )
        self._flow, self._moments = flow.eval(), moments

    def sample(self, n: int, *, seed: int) -> NDArray[np.float32]:
        """Draw codes (n, d): standard normal noise through the flow."""
        if self._moments is None:
            raise not_fitted(self.name())
        import torch

        noise = np.random.default_rng(seed).normal(size=(n, len(self._moments.mean)))
        with torch.inference_mode():
            points = self._flow().transform.inv(torch.from_numpy(noise).float())
        drawn = points.double().numpy()
        return self._moments.restore(drawn)
