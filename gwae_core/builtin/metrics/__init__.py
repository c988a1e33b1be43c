"""Built-in metrics; all report on the test split."""

from gwae_core.builtin.metrics.clustering import ClusteringMetric
from gwae_core.builtin.metrics.code_dependence import CodeDependenceMetric
from gwae_core.builtin.metrics.dci import DCIMetric
from gwae_core.builtin.metrics.generation import GenerationMetric
from gwae_core.builtin.metrics.geometry import GeometryMetric
from gwae_core.builtin.metrics.held_factor import BetaVAEMetric, FactorVAEMetric, IRSMetric
from gwae_core.builtin.metrics.mutual_information import MIGMetric, ModularityMetric
from gwae_core.builtin.metrics.ood import OutOfDistributionMetric
from gwae_core.builtin.metrics.predictability import ExplicitnessMetric, SAPMetric
from gwae_core.builtin.metrics.reconstruction import ReconstructionMetric

COMPONENTS = (
    ReconstructionMetric,
    ClusteringMetric,
    GeometryMetric,
    DCIMetric,
    MIGMetric,
    SAPMetric,
    ModularityMetric,
    ExplicitnessMetric,
    IRSMetric,
    FactorVAEMetric,
    BetaVAEMetric,
    CodeDependenceMetric,
    GenerationMetric,
    OutOfDistributionMetric,
)
