"""Metric functions: pure and seeded, on arrays; every reported number comes from one of them."""

from gwae_core.evaluation.beta_vae import BetaVAEScore, beta_vae_score
from gwae_core.evaluation.clustering import (
    ClusterScores,
    cluster_scores,
    fit_gaussian_mixture,
    fit_kmeans,
)
from gwae_core.evaluation.code_dependence import (
    mean_mutual_information,
    total_correlation,
    wasserstein_correlation,
)
from gwae_core.evaluation.contingency_tables import (
    adjusted_rand,
    contingency,
    matched_accuracy,
    normalized_information,
)
from gwae_core.evaluation.dci import DCI, dci_scores
from gwae_core.evaluation.dependence import distance_correlation
from gwae_core.evaluation.embedding import Embedding, embed_2d
from gwae_core.evaluation.explicitness import Explicitness, explicitness_score
from gwae_core.evaluation.factor_vae import FactorVAEScore, factor_vae_score
from gwae_core.evaluation.generation import (
    enough_for_frechet,
    frechet_distance,
    kernel_distance,
)
from gwae_core.evaluation.geometry import (
    Correspondence,
    compare_distances,
    condensed,
    euclidean_distances,
    least_squares_slope,
    trustworthiness,
)
from gwae_core.evaluation.irs import IRS, irs_score
from gwae_core.evaluation.manifold import ManifoldScores, manifold_scores
from gwae_core.evaluation.mig import MIG, mig_score
from gwae_core.evaluation.modularity import Modularity, modularity_score
from gwae_core.evaluation.near_and_far import DistortionRange, distortion_range
from gwae_core.evaluation.neighbors import neighbor_distances
from gwae_core.evaluation.number_of_clusters import ClusterNumber, cluster_number
from gwae_core.evaluation.reconstruction import (
    is_unit_image,
    mean_squared_error,
    psnr,
    psnr_of_images,
    relative_squared_error,
    squared_errors,
)
from gwae_core.evaluation.resampling import (
    bootstrap,
    bootstrap_mean,
    bootstrap_tables,
    measured_mean,
)
from gwae_core.evaluation.roc import Detection, detection
from gwae_core.evaluation.sap import SAP, sap_continuous, sap_svc
from gwae_core.evaluation.similarity import ssim, ssim_window
from gwae_core.evaluation.sliced import sliced_distance
from gwae_core.evaluation.subsets import balanced_subset, random_subset
from gwae_core.evaluation.udr import UDR, udr_scores

__all__ = [
    "DCI",
    "IRS",
    "MIG",
    "SAP",
    "UDR",
    "BetaVAEScore",
    "ClusterNumber",
    "ClusterScores",
    "Correspondence",
    "Detection",
    "DistortionRange",
    "Embedding",
    "Explicitness",
    "FactorVAEScore",
    "ManifoldScores",
    "Modularity",
    "adjusted_rand",
    "balanced_subset",
    "beta_vae_score",
    "bootstrap",
    "bootstrap_mean",
    "bootstrap_tables",
    "cluster_number",
    "cluster_scores",
    "compare_distances",
    "condensed",
    "contingency",
    "dci_scores",
    "detection",
    "distance_correlation",
    "distortion_range",
    "embed_2d",
    "enough_for_frechet",
    "euclidean_distances",
    "explicitness_score",
    "factor_vae_score",
    "fit_gaussian_mixture",
    "fit_kmeans",
    "frechet_distance",
    "irs_score",
    "is_unit_image",
    "kernel_distance",
    "least_squares_slope",
    "manifold_scores",
    "matched_accuracy",
    "mean_mutual_information",
    "mean_squared_error",
    "measured_mean",
    "mig_score",
    "modularity_score",
    "neighbor_distances",
    "normalized_information",
    "psnr",
    "psnr_of_images",
    "random_subset",
    "relative_squared_error",
    "sap_continuous",
    "sap_svc",
    "sliced_distance",
    "squared_errors",
    "ssim",
    "ssim_window",
    "total_correlation",
    "trustworthiness",
    "udr_scores",
    "wasserstein_correlation",
]
