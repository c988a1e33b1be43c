"""Metric functions: pure and seeded, on arrays; every reported number comes from one of them."""

from gwae_core.evaluation.clustering import (
    ClusterScores,
    cluster_scores,
    fit_gaussian_mixture,
    fit_kmeans,
)
from gwae_core.evaluation.embedding import Embedding, embed_2d
from gwae_core.evaluation.geometry import (
    Correspondence,
    compare_distances,
    condensed,
    euclidean_distances,
    least_squares_slope,
    trustworthiness,
)
from gwae_core.evaluation.reconstruction import (
    is_unit_image,
    mean_squared_error,
    psnr,
    psnr_of_images,
    relative_squared_error,
    squared_errors,
)
from gwae_core.evaluation.resampling import bootstrap, bootstrap_mean, bootstrap_tables
from gwae_core.evaluation.similarity import ssim, ssim_window
from gwae_core.evaluation.subsets import balanced_subset, random_subset

__all__ = [
    "ClusterScores",
    "Correspondence",
    "Embedding",
    "balanced_subset",
    "bootstrap",
    "bootstrap_mean",
    "bootstrap_tables",
    "cluster_scores",
    "compare_distances",
    "condensed",
    "embed_2d",
    "euclidean_distances",
    "fit_gaussian_mixture",
    "fit_kmeans",
    "is_unit_image",
    "least_squares_slope",
    "mean_squared_error",
    "psnr",
    "psnr_of_images",
    "random_subset",
    "relative_squared_error",
    "squared_errors",
    "ssim",
    "ssim_window",
    "trustworthiness",
]
