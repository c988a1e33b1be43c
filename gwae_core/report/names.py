"""What metrics, their variants and their values are called on the page."""

from __future__ import annotations

import re

BASELINES = {"pixel-kmeans": "k-means on raw data", "pixel-mean": "mean of all pixels"}
"""Variants that are no work of the model, and what they are."""

FAMILIES = dict.fromkeys(
    ("dci", "mig", "sap", "modularity", "explicitness", "irs", "factor-vae", "beta-vae"),
    "disentanglement",
)
"""Metrics whose values stand in one table."""

METRICS = {
    "dci": "DCI",
    "mig": "MIG",
    "sap": "SAP",
    "irs": "IRS",
    "factor-vae": "FactorVAE score",
    "beta-vae": "beta-VAE score",
}

TITLES = {
    "reconstruction": "Reconstruction",
    "clustering": "Clusters against labels",
    "disentanglement": "Disentanglement",
    "geometry": "Distances of codes against distances of data",
    "code-dependence": "Dependence between codes",
    "generation": "Generation",
    "ood": "Out of distribution",
}
"""Headings of tables, in the order of the page."""

ROWS = {
    "prior": "mixture prior",
    "kmeans": "k-means on codes",
    "gaussian-mixture": "Gaussian mixture on codes, standardised",
    "gaussian-mixture-raw": "Gaussian mixture on codes as they are",
    "calinski_harabasz": "Caliński-Harabasz index",
    "critic": "critic",
    "reconstruction": "reconstruction error",
    "density": "density of the prior",
    "neighbors": "distance to training codes",
    "outside": "other data",
    "real": "real",
    "generated": "generated",
    **BASELINES,
}

OF_METRIC = {("geometry", "prior"): "prior against codes"}
"""Variants that are something else in one metric than in the others."""

COLUMNS = {
    "score": "score",
    "disentanglement": "disentanglement",
    "completeness": "completeness",
    "informativeness": "informativeness",
    "accuracy": "accuracy",
    "nmi": "NMI",
    "ari": "ARI",
    "components": "components in use",
    "best": "largest",
    "best_k": "at k",
    "mse": "MSE",
    "relative_mse": "MSE / variance",
    "psnr": "PSNR (dB)",
    "ssim": "SSIM",
    "auroc": "AUROC",
    "aupr": "AUPR",
    "fpr95": "FPR at 95% TPR",
    "share": "share",
    "fid": "FID",
    "kid": "KID",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "spearman": "Spearman",
    "pearson": "Pearson",
    "distance_correlation": "distance correlation",
    "distortion": "distortion",
    "local_distortion": "distortion of near pairs",
    "global_distortion": "distortion of far pairs",
    "trustworthiness": "trustworthiness",
    "continuity": "continuity",
    "sliced_wasserstein": "sliced Wasserstein distance",
    "sampling_floor": "the same of two samples of the prior",
    "total_correlation": "total correlation",
    "wasserstein_correlation": "Wasserstein correlation",
    "mutual_information": "mutual information (nats)",
    "count": "points",
}

NOTES = {
    "clustering": "Clusters are found without labels. Accuracy is under the best one-to-one match "
    "of clusters to labels; 1 is perfect for all three.",
    "code-dependence": "Between the codes alone, without factors; 0 is independent for all three.",
    "disentanglement": "Of posterior means against the known factors; 1 is perfect for all. A "
    "rotated code still scores high on the FactorVAE and beta-VAE scores, and noise on modularity: "
    "read DCI and MIG first.",
    "generation": "In the features of the named extractor; numbers of two extractors do not "
    "compare. FID and KID are 0 at best, the others 1.",
    "geometry": "Correlations over pairs of test points, 1 is perfect. Distortion is the mean of "
    "|C d_z − d_x| over the mean of d_x with the best scale C, 0 is perfect. Trustworthiness: "
    "neighbours in code are neighbours in data; continuity: the reverse.",
    "ood": "How well a score tells other data from test data. A data set of other brightness is "
    "told apart by brightness alone: compare with the mean of all pixels.",
    "reconstruction": "From posterior means. An MSE / variance of 1 is no better than always "
    "giving the mean of the data.",
}


def column_name(column: str) -> str:
    """The name of a column."""
    return COLUMNS.get(column, column.replace("_", " "))


def variant_name(variant: str, metric: str = "") -> str:
    """The name of a variant of a metric: each part of it that has one is called by it."""
    if (metric, variant) in OF_METRIC:
        return OF_METRIC[metric, variant]
    if variant in ROWS:
        return ROWS[variant]
    before, _, last = variant.rpartition(".")
    if window := re.fullmatch(r"window-(\d+)", last):
        last = f"windows of {window[1]} pixels"
    elif last not in ROWS:
        return variant
    return f"{before}: {ROWS.get(last, last)}" if before else ROWS.get(last, last)


def is_baseline(variant: str) -> bool:
    """Whether a variant is no work of the model."""
    return variant.rpartition(".")[2] in BASELINES
