"""The kinds of component, one abstract base a file."""

from gwae_core.interfaces.adversarial_divergence import AdversarialDivergence
from gwae_core.interfaces.dataset import DataArrays, Dataset
from gwae_core.interfaces.decoder import Decoder
from gwae_core.interfaces.density_prior import DensityPrior
from gwae_core.interfaces.divergence import Divergence, Sample
from gwae_core.interfaces.encoder import Encoder, Posterior
from gwae_core.interfaces.estimator import Estimator
from gwae_core.interfaces.evaluated import Evaluated, Interval, Measured, MetricInput
from gwae_core.interfaces.features import Features
from gwae_core.interfaces.fittable_prior import FittablePrior
from gwae_core.interfaces.metric import Metric
from gwae_core.interfaces.mixture_prior import MixturePrior
from gwae_core.interfaces.objective import Objective
from gwae_core.interfaces.prior import Prior, WeightedSamples
from gwae_core.interfaces.reconstruction import Reconstruction
from gwae_core.interfaces.resumable import Resumable
from gwae_core.interfaces.sampler import Sampler
from gwae_core.interfaces.tracker import Tracker
from gwae_core.interfaces.training import Losses, Parameters, Stage, UpdateGroup

KINDS = {
    base.kind: base
    for base in (
        Prior,
        Encoder,
        Decoder,
        Estimator,
        Divergence,
        Reconstruction,
        Objective,
        Dataset,
        Metric,
        Features,
        Sampler,
        Tracker,
    )
}
"""Every kind's abstract base, by name."""

__all__ = [
    "KINDS",
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
    "Measured",
    "Metric",
    "MetricInput",
    "MixturePrior",
    "Objective",
    "Parameters",
    "Posterior",
    "Prior",
    "Reconstruction",
    "Resumable",
    "Sample",
    "Sampler",
    "Stage",
    "Tracker",
    "UpdateGroup",
    "WeightedSamples",
]
