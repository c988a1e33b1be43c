"""Which laws are checked for which kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gwae_core.components import ComponentConfig
from gwae_core.testing import (
    array_checks,
    config_checks,
    module_checks,
    objective_checks,
    prior_checks,
)
from gwae_core.testing.check import Check
from gwae_core.testing.modules import (
    DecoderSubject,
    DivergenceSubject,
    EncoderSubject,
    EstimatorSubject,
    FeaturesSubject,
    PriorSubject,
    ReconstructionSubject,
)
from gwae_core.testing.objective_checks import ObjectiveSubject
from gwae_core.testing.subject import ModuleSubject, Subject

SUBJECTS: dict[str, type[ModuleSubject]] = {
    "encoder": EncoderSubject,
    "decoder": DecoderSubject,
    "reconstruction": ReconstructionSubject,
    "prior": PriorSubject,
    "divergence": DivergenceSubject,
    "estimator": EstimatorSubject,
    "features": FeaturesSubject,
    "objective": ObjectiveSubject,
}

# The verbs take the subject of their own kind.
Verb = Callable[[Any], None]

EVERY: tuple[Verb, ...] = (
    config_checks.declaration,
    config_checks.documented,
    config_checks.unknown_field_refused,
    config_checks.frozen_config,
    config_checks.config_round_trip,
)
MODULES: tuple[Verb, ...] = (
    module_checks.shapes,
    module_checks.batch_of_one,
    module_checks.dtypes,
    module_checks.devices,
    module_checks.reproducible,
    module_checks.global_random_state,
    module_checks.seeded_build,
    module_checks.state_round_trip,
    module_checks.inference_mode,
)
KINDS: dict[str, tuple[Verb, ...]] = {
    "encoder": (module_checks.gradients, module_checks.rows_independent),
    "decoder": (module_checks.gradients, module_checks.rows_independent),
    "reconstruction": (module_checks.gradients, module_checks.rows_independent),
    "prior": (module_checks.gradients, prior_checks.probabilities, prior_checks.fit),
    "divergence": (module_checks.gradients,),
    "estimator": (module_checks.gradients,),
    "features": (module_checks.rows_independent,),
    "objective": (
        module_checks.rows_independent,
        objective_checks.stages_and_groups,
        objective_checks.training,
        objective_checks.reproducible_training,
    ),
    "dataset": (array_checks.dataset_arrays, array_checks.dataset_reproducible),
    "metric": (array_checks.metric_values,),
    "sampler": (array_checks.sampler_samples,),
    "tracker": (array_checks.tracker_observes,),
}


def checks_for(
    config: ComponentConfig, *, data_shape: tuple[int, ...] = (1, 8, 8), latent_dim: int = 3
) -> list[Check]:
    """All checks of a component.

    Args:
        config: Configuration of the component.
        data_shape: Shape of a data point, for components that take no images of 8x8.
        latent_dim: Number of latent dimensions.
    """
    kind = type(config).component.kind
    subject = SUBJECTS.get(kind, Subject)(config, data_shape, latent_dim)
    verbs = EVERY + (MODULES if kind in SUBJECTS else ()) + KINDS.get(kind, ())
    return [Check(verb.__name__, subject, verb) for verb in verbs]
