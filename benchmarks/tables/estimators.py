"""Estimators on the demo: what each does to the geometry, the clusters and the time of a step.

The example ``digits`` with its estimator replaced and nothing else tuned: 1,500 steps, three seeds,
test parts. ``sliced`` works on points alone, so its data metric is the ground cost of pixels.
"""

from __future__ import annotations

from cells import Cell, Cells, example, mean_and_error, pace

SEEDS = (0, 1, 2)
ESTIMATORS = {
    "paired": (),
    "exact": ("objective.estimator=exact",),
    "exact, compare: data": ("objective.estimator=exact", "objective.compare=data"),
    "lower-bound": ("objective.estimator=lower-bound",),
    "gromov-monge-gap": ("objective.estimator=gromov-monge-gap",),
    "sliced": ("objective.estimator=sliced", "objective.data_metric=ground"),
    "entropic": ("objective.estimator=entropic",),
}
COLUMNS = {
    "Spearman, geodesic": "geometry.geodesic.spearman",
    "Spearman, pixels": "geometry.euclidean.spearman",
    "accuracy": "clustering.prior.accuracy",
}


def table(cells: Cells) -> str:
    """Train every estimator on every seed; the pace of a step is that of one process."""
    lines = [
        f"| estimator | {' | '.join(COLUMNS)} | ms a step |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    for name, overrides in ESTIMATORS.items():
        config = example("digits", *overrides)
        entries = cells(
            Cell({"estimator": name, "seed": seed}, {**config, "seed": seed}) for seed in SEEDS
        )
        (speed,) = cells([Cell({"estimator": name, "pace": "whole run"}, config)], work=pace)
        values = [entry["values"] for entry in entries]
        shown = [
            "{:.3f} ± {:.3f}".format(*mean_and_error(value[column] for value in values))
            if all(column in value for value in values)
            else "-"
            for column in COLUMNS.values()
        ]
        shown.append(f"{speed['values']['milliseconds']:.1f}")
        lines.append(f"| `{name}` | {' | '.join(shown)} |")
    return "\n".join(lines)
