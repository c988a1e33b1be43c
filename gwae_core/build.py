"""Build a model from a run configuration."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from gwae_core.config import PARTS, RunConfig
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError, ConfigError
from gwae_core.interfaces import Objective, Reconstruction
from gwae_core.posteriors import as_posterior


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
        ConfigError: A part cannot be built for these data, or a given one does not fit them; the
            message names the part.
    """
    parts = parts or {}
    check_parts(parts)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        for name in PARTS:
            try:
                described = getattr(config, name)
                part = parts[name] if name in parts else described.build(context)
                if name in parts or described.type == "module":
                    check_shapes(name, part, context)
            except ComponentError as error:
                raise ConfigError(f"{name}: {error.message}", hint=error.hint) from error
            if isinstance(part, Reconstruction):
                # Without training data the statistics are neutral and say nothing about the range.
                if context.train_data is not None:
                    part.check_data(context.statistics.low, context.statistics.high)
                context = context.with_output_shape(part.output_shape(context.data_shape))
            context = context.with_parts(**{name: part})
        objective: Objective = config.objective.build(context)
    return objective


def check_parts(parts: Mapping[str, object]) -> None:
    """Refuse what is no part of a model, or no module.

    Raises:
        ConfigError: It says what is allowed.
    """
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise ConfigError(
            f"unknown parts: {', '.join(sorted(unknown))}; allowed: {', '.join(PARTS)}"
        )
    for name, part in parts.items():
        if not isinstance(part, nn.Module):
            kind = part.__qualname__ if isinstance(part, type) else type(part).__qualname__
            raise ConfigError(
                f"the part {name!r} must be a torch module; got {kind}",
                hint="parameters of a component belong into the configuration; a class has to be "
                "instantiated",
            )


@torch.no_grad()
def check_shapes(name: str, part: nn.Module, context: BuildContext) -> None:
    """Try an encoder or decoder of the user's own on two points, in evaluation mode.

    Raises:
        ComponentError: It cannot take them, or what it returns is of another shape.
    """
    codes = (2, context.latent_dim)
    data, output = (2, *context.data_shape), (2, *context.output_shape)
    given, expected = {"encoder": (data, codes), "decoder": (codes, output)}.get(name, (None, None))
    if given is None:
        return
    parameter = next(part.parameters(), torch.empty(0))
    points = torch.zeros(given, device=parameter.device)
    modes = [(module, module.training) for module in part.modules()]
    part.eval()
    try:
        result = part(points)
        got = tuple((as_posterior(result).mean if name == "encoder" else result).shape)
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise ComponentError(
            f"{type(part).__qualname__} cannot take an input of shape {given}: {error}",
            hint="data are (n, *data_shape), codes (n, latent_dim)",
        ) from error
    finally:
        for module, training in modes:
            module.training = training
    if got != expected:
        raise ComponentError(
            f"{type(part).__qualname__} makes {got} of an input of shape {given}; expected "
            f"{expected}",
            hint="an encoder returns codes (n, latent_dim), a pair (mean, log_variance) or a "
            "Posterior; a decoder returns (n, *data_shape), or what the reconstruction reads",
        )
