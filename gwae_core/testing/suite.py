"""Which laws are checked for which kind."""

from __future__ import annotations

import sys
from typing import Any

from gwae_core.components import ComponentConfig
from gwae_core.errors import ComponentError
from gwae_core.testing import (
    array_checks,
    config_checks,
    estimator_checks,
    module_checks,
    objective_checks,
    prior_checks,
    use_checks,
)
from gwae_core.testing.arrays import DatasetSubject, MetricSubject, SamplerSubject, TrackerSubject
from gwae_core.testing.check import Check, Verb
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

SUBJECTS: dict[str, type[Subject]] = {
    "encoder": EncoderSubject,
    "decoder": DecoderSubject,
    "reconstruction": ReconstructionSubject,
    "prior": PriorSubject,
    "divergence": DivergenceSubject,
    "estimator": EstimatorSubject,
    "features": FeaturesSubject,
    "objective": ObjectiveSubject,
    "dataset": DatasetSubject,
    "metric": MetricSubject,
    "sampler": SamplerSubject,
    "tracker": TrackerSubject,
}

EVERY: tuple[Verb, ...] = (
    config_checks.declaration,
    config_checks.documented,
    config_checks.unknown_field_refused,
    config_checks.frozen_config,
    config_checks.config_round_trip,
    use_checks.bad_arguments_refused,
    use_checks.reproducible,
    use_checks.global_random_state,
    use_checks.another_process,
)
MODULES: tuple[Verb, ...] = (
    module_checks.shapes,
    module_checks.batch_of_one,
    module_checks.dtypes,
    module_checks.devices,
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
    "estimator": (
        module_checks.gradients,
        estimator_checks.known_exemptions,
        *estimator_checks.LAWS.values(),
    ),
    "features": (module_checks.rows_independent,),
    "objective": (
        module_checks.rows_independent,
        objective_checks.stages_and_groups,
        objective_checks.training,
        objective_checks.reproducible_training,
    ),
    "dataset": (array_checks.dataset_arrays,),
    "metric": (array_checks.metric_values,),
    "sampler": (array_checks.sampler_samples,),
    "tracker": (array_checks.tracker_observes,),
}


def subject_of(config: ComponentConfig, *, data_shape: tuple[int, ...], latent_dim: int) -> Subject:
    """A configuration with what its kind is fed with."""
    kind = type(config).component.kind
    return SUBJECTS.get(kind, Subject)(config, data_shape, latent_dim)


def checks_for(
    config: ComponentConfig, *, data_shape: tuple[int, ...] = (1, 8, 8), latent_dim: int = 3
) -> list[Check]:
    """All checks of a component.

    Args:
        config: Configuration of the component.
        data_shape: Shape of a data point, for components that take no images of 8x8.
        latent_dim: Number of latent dimensions.

    Raises:
        ComponentError: What is given is no configuration, or Python runs without assertions.
    """
    given: Any = config  # a class instead of an object is the likeliest slip
    if not isinstance(given, ComponentConfig):
        got = f"the class {given.__name__}" if isinstance(given, type) else repr(given)
        raise ComponentError(
            f"the kit checks configurations of components; got {got}",
            hint="give objects such as MyPrior.Config(), in a list",
        )
    if sys.flags.optimize:
        raise ComponentError(
            "the kit's checks are assertions, which `python -O` leaves out",
            hint="run Python without -O and PYTHONOPTIMIZE",
        )
    subject = subject_of(config, data_shape=data_shape, latent_dim=latent_dim)
    modules = MODULES if isinstance(subject, ModuleSubject) else ()
    verbs = EVERY + modules + KINDS.get(subject.component.kind, ())
    return [Check(verb.__name__, subject, verb) for verb in verbs]
