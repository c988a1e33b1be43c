"""Metrics as a person reads them: key numbers with their baselines, and tables by variant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BASELINES = {"pixel-kmeans": "k-means on raw data"}
"""Variants that are no work of the model, and what they are."""

TITLES = {
    "clustering": "Clusters against labels",
    "geometry": "Distances of codes against distances of data",
    "reconstruction": "Reconstruction",
}

ROWS = {
    "prior": "mixture prior",
    "kmeans": "k-means on codes",
    "gaussian-mixture": "Gaussian mixture on codes, standardised",
    "gaussian-mixture-raw": "Gaussian mixture on codes as they are",
    **BASELINES,
}

COLUMNS = {
    "accuracy": "accuracy",
    "nmi": "NMI",
    "ari": "ARI",
    "components": "components in use",
    "mse": "MSE",
    "relative_mse": "MSE / variance",
    "psnr": "PSNR (dB)",
    "spearman": "Spearman",
    "pearson": "Pearson",
    "distortion": "distortion",
    "trustworthiness": "trustworthiness",
    "continuity": "continuity",
}

NOTES = {
    "clustering": "Clusters are found without labels. Accuracy is under the best one-to-one match "
    "of clusters to labels; 1 is perfect for all three.",
    "geometry": "Correlations over pairs of test points, 1 is perfect. Distortion is the mean of "
    "|C d_z − d_x| over the mean of d_x with the best scale C, 0 is perfect. Trustworthiness: "
    "neighbours in code are neighbours in data; continuity: the reverse.",
    "reconstruction": "From posterior means. An MSE / variance of 1 is no better than always "
    "giving the mean of the data.",
}


@dataclass(frozen=True)
class KeyNumber:
    """A number for the top of the page.

    Attributes:
        title: What it is.
        value: As text.
        beside: What to compare it with; may be empty.
    """

    title: str
    value: str
    beside: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table: its name, cells (empty where there is no value), and whether a baseline."""

    name: str
    cells: tuple[str, ...]
    baseline: bool


@dataclass(frozen=True)
class Table:
    """Values of one metric, one row a variant."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str


def format_number(value: float) -> str:
    """Three decimals around one, one decimal above ten, else three significant digits."""
    if value == int(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    if 10 <= abs(value) < 1e4:
        return f"{value:.1f}"
    return f"{value:.3f}" if 0.01 <= abs(value) < 10 else f"{value:.3g}"


def key_numbers(metrics: Mapping[str, float], *, d_x_name: str) -> list[KeyNumber]:
    """The most telling numbers, each with its baseline."""
    found = []
    for assignment in ("prior", "kmeans"):
        accuracy = metrics.get(f"clustering.{assignment}.accuracy")
        if accuracy is not None:
            raw = metrics.get("clustering.pixel-kmeans.accuracy")
            beside = "" if raw is None else f"k-means on raw data: {format_number(raw)}"
            title = f"clustering accuracy ({ROWS[assignment]})"
            found.append(KeyNumber(title, format_number(accuracy), beside))
            nmi = metrics.get(f"clustering.{assignment}.nmi")
            if nmi is not None:
                raw = metrics.get("clustering.pixel-kmeans.nmi")
                beside = "" if raw is None else f"k-means on raw data: {format_number(raw)}"
                found.append(KeyNumber("normalised mutual information", format_number(nmi), beside))
            break
    spearman = metrics.get(f"geometry.{d_x_name}.spearman")
    if spearman is not None:
        other = metrics.get("geometry.euclidean.spearman")
        beside = "perfect: 1"
        if other is not None and d_x_name != "euclidean":
            beside = f"with Euclidean distances of data: {format_number(other)}"
        title = f"rank correlation of distances ({d_x_name})"
        found.append(KeyNumber(title, format_number(spearman), beside))
    relative = metrics.get("reconstruction.relative_mse")
    if relative is not None:
        decibel = metrics.get("reconstruction.psnr")
        beside = "the mean of the data: 1"
        if decibel is not None:
            beside += f"; PSNR {decibel:.1f} dB"
        found.append(KeyNumber("MSE / variance", format_number(relative), beside))
    return found


def tables(metrics: Mapping[str, float]) -> list[Table]:
    """All metrics, one table each: variants as rows, values as columns, baselines last."""
    by_metric: dict[str, dict[str, dict[str, float]]] = {}
    for name, value in metrics.items():
        metric, _, rest = name.partition(".")
        variant, _, column = rest.rpartition(".")
        by_metric.setdefault(metric, {}).setdefault(variant, {})[column] = value
    return [_table(metric, rows) for metric, rows in by_metric.items()]


def _table(metric: str, rows: Mapping[str, Mapping[str, float]]) -> Table:
    present = dict.fromkeys(column for values in rows.values() for column in values)
    columns = [column for column in COLUMNS if column in present]
    columns += [column for column in present if column not in COLUMNS]
    return Table(
        title=TITLES.get(metric, metric),
        columns=tuple(COLUMNS.get(column, column) for column in columns),
        rows=tuple(
            Row(
                name=ROWS.get(variant, variant) or "test split",
                cells=tuple(
                    format_number(values[column]) if column in values else "" for column in columns
                ),
                baseline=variant in BASELINES,
            )
            for variant, values in sorted(rows.items(), key=lambda item: item[0] in BASELINES)
        ),
        note=NOTES.get(metric, ""),
    )
