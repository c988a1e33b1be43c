"""Small data, and objectives over small networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gwae_core import Autoencoder, Batch, BuildContext, RunConfig
from gwae_core.build import build_objective
from gwae_core.row_source import RowSource

Build = Callable[..., Any]


@pytest.fixture
def data() -> Tensor:
    """Data whose coordinates depend on each other, (40, 6)."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(40, 2, generator=generator) @ torch.randn(2, 6, generator=generator)


@pytest.fixture
def build(data: Tensor) -> Build:
    """Builds an objective from its configuration, in float64, its stages started."""

    def made(
        objective: dict[str, Any] | str,
        *,
        prior: dict[str, Any] | str = "normal",
        posterior: str = "gaussian",
        reconstruction: str = "squared-error",
        latent_dim: int = 3,
        x: Tensor | RowSource = data,
    ) -> Autoencoder:
        config = RunConfig.from_mapping(
            {
                "latent_dim": latent_dim,
                "encoder": {"type": "mlp", "hidden": [8], "posterior": posterior},
                "decoder": {"type": "mlp", "hidden": [8]},
                "prior": prior,
                "reconstruction": reconstruction,
                "objective": objective,
            }
        )
        model = build_objective(config, BuildContext.for_data(x, latent_dim)).double()
        assert isinstance(model, Autoencoder)
        for stage in model.stages():
            seen = x.sample() if isinstance(x, RowSource) else x
            model.start_stage(stage.name, seen, generator=torch.Generator().manual_seed(0))
        return model

    return made


@pytest.fixture
def terms(data: Tensor) -> Callable[..., dict[str, Tensor]]:
    """Terms of an objective's main group on the data, its noise from a seed."""

    def found(model: Autoencoder, *, seed: int = 0, x: Tensor = data) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        return dict(model.losses("main", Batch(x.double()), generator=generator).terms)

    return found
