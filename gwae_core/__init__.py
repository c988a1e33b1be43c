"""gwae-core: the plugin-based framework for Gromov-Wasserstein autoencoders.

The public names load on first use, so that ``import gwae_core`` imports neither torch nor any
plugin.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gwae_core.errors import GWAEDeprecationWarning, GWAEError

if TYPE_CHECKING:
    from gwae_core.autoencoder import Autoencoder
    from gwae_core.components import Component
    from gwae_core.config import RunConfig, SplitConfig, TrainingConfig
    from gwae_core.context import Batch, BuildContext
    from gwae_core.engine import fit
    from gwae_core.hooks import hookimpl
    from gwae_core.interfaces import (
        AdversarialDivergence,
        DataArrays,
        Dataset,
        Decoder,
        DensityPrior,
        Divergence,
        Encoder,
        Estimator,
        Evaluated,
        Features,
        FittablePrior,
        Interval,
        Losses,
        Metric,
        MetricInput,
        MixturePrior,
        Objective,
        Parameters,
        Posterior,
        Prior,
        Reconstruction,
        Sample,
        Sampler,
        Stage,
        Tracker,
        UpdateGroup,
        WeightedSamples,
    )
    from gwae_core.measure import distance
    from gwae_core.model import Model, load
    from gwae_core.posteriors import DeterministicPosterior, GaussianPosterior
    from gwae_core.registered import Registered
    from gwae_core.run_evaluation import RunEvaluation, evaluate_run
    from gwae_core.runs import RunResult, run
    from gwae_core.sampling import fit_sampler
    from gwae_core.spaces import GWResult, MMSpace
    from gwae_core.sweeping import SweepConfig, SweepResult, sweep
    from gwae_core.transformer import GWAETransformer

__version__ = "0.1.0"

_HOMES = {
    "autoencoder": ("Autoencoder",),
    "components": ("Component",),
    "config": ("RunConfig", "SplitConfig", "TrainingConfig"),
    "context": ("Batch", "BuildContext"),
    "engine": ("fit",),
    "hooks": ("hookimpl",),
    "interfaces": (
        "AdversarialDivergence",
        "DataArrays",
        "Dataset",
        "Decoder",
        "DensityPrior",
        "Divergence",
        "Encoder",
        "Estimator",
        "Evaluated",
        "Features",
        "FittablePrior",
        "Interval",
        "Losses",
        "Metric",
        "MetricInput",
        "MixturePrior",
        "Objective",
        "Parameters",
        "Posterior",
        "Prior",
        "Reconstruction",
        "Sample",
        "Sampler",
        "Stage",
        "Tracker",
        "UpdateGroup",
        "WeightedSamples",
    ),
    "measure": ("distance",),
    "model": ("Model", "load"),
    "posteriors": ("DeterministicPosterior", "GaussianPosterior"),
    "registered": ("Registered",),
    "run_evaluation": ("RunEvaluation", "evaluate_run"),
    "runs": ("RunResult", "run"),
    "sampling": ("fit_sampler",),
    "spaces": ("GWResult", "MMSpace"),
    "sweeping": ("SweepConfig", "SweepResult", "sweep"),
    "transformer": ("GWAETransformer",),
}
_LAZY = {name: f"gwae_core.{home}" for home, names in _HOMES.items() for name in names}

__all__ = [
    "AdversarialDivergence",
    "Autoencoder",
    "Batch",
    "BuildContext",
    "Component",
    "DataArrays",
    "Dataset",
    "Decoder",
    "DensityPrior",
    "DeterministicPosterior",
    "Divergence",
    "Encoder",
    "Estimator",
    "Evaluated",
    "Features",
    "FittablePrior",
    "GWAEDeprecationWarning",
    "GWAEError",
    "GWAETransformer",
    "GWResult",
    "GaussianPosterior",
    "Interval",
    "Losses",
    "MMSpace",
    "Metric",
    "MetricInput",
    "MixturePrior",
    "Model",
    "Objective",
    "Parameters",
    "Posterior",
    "Prior",
    "Reconstruction",
    "Registered",
    "RunConfig",
    "RunEvaluation",
    "RunResult",
    "Sample",
    "Sampler",
    "SplitConfig",
    "Stage",
    "SweepConfig",
    "SweepResult",
    "Tracker",
    "TrainingConfig",
    "UpdateGroup",
    "WeightedSamples",
    "__version__",
    "distance",
    "evaluate_run",
    "fit",
    "fit_sampler",
    "hookimpl",
    "load",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'gwae_core' has no attribute {name!r}")
    value = getattr(importlib.import_module(_LAZY[name]), name)
    # Kept, so that the next access does not come here again.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
