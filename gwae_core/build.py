"""Build a model from a run configuration."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from gwae_core.config import RunConfig
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError, ConfigError
from gwae_core.interfaces import Objective, Reconstruction

PARTS = ("reconstruction", "encoder", "decoder", "prior")
"""Parts of a model in the order in which they are built; the objective comes last."""


def build_objective(
    config: RunConfig, context: BuildContext, *, parts: Mapping[str, nn.Module] | None = None
) -> Objective:
    """Build every part and the objective over them.

    The seed fixes the first weights; torch's global random state is left as it was.

    Args:
        config: The run.
        context: What is known of the data.
        parts: Modules that take the place of configured parts, by name.

    Raises:
        ConfigError: A part cannot be built for these data; the message names the part.
    """
    parts = parts or {}
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise ConfigError(
            f"unknown parts: {', '.join(sorted(unknown))}; allowed: {', '.join(PARTS)}"
        )
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        for name in PARTS:
            try:
                part = parts[name] if name in parts else getattr(config, name).build(context)
            except ComponentError as error:
                raise ConfigError(f"{name}: {error.message}", hint=error.hint) from error
            if isinstance(part, Reconstruction):
                statistics = context.statistics
                part.check_data(statistics.low, statistics.high)
                context = context.with_output_shape(part.output_shape(context.data_shape))
            context = context.with_parts(**{name: part})
        objective: Objective = config.objective.build(context)
    return objective
