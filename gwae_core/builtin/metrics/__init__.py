"""Built-in metrics; all report on the test split."""

from gwae_core.builtin.metrics.clustering import ClusteringMetric
from gwae_core.builtin.metrics.generation import GenerationMetric
from gwae_core.builtin.metrics.geometry import GeometryMetric
from gwae_core.builtin.metrics.ood import OutOfDistributionMetric
from gwae_core.builtin.metrics.reconstruction import ReconstructionMetric

COMPONENTS = (
    ReconstructionMetric,
    ClusteringMetric,
    GeometryMetric,
    GenerationMetric,
    OutOfDistributionMetric,
)
