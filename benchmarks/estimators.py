"""Estimators on the demo: what each does to the geometry, the clusters and the time of a step.

    python benchmarks/estimators.py --jobs 2

The example ``digits`` with its estimator replaced and nothing else tuned: 1,500 steps, three seeds,
test parts. ``sliced`` works on points alone, so its data metric is the ground cost of pixels.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from cells import RESULTS, Cell, example, mean_and_error, run_cells

from gwae_core.config import RunConfig
from gwae_core.runs import run

SEEDS = (0, 1, 2)
CELLS = {
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


def milliseconds(overrides: tuple[str, ...]) -> float:
    """Processor time of a training step, one thread: what 200 more steps take."""
    import torch

    torch.set_num_threads(1)

    def seconds(steps: int) -> float:
        short = (f"training.steps={steps}", "metrics=[]")
        config = RunConfig.from_mapping(example("digits", *overrides, *short))
        began = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            run(config, out=Path(folder) / "run", report=False)
        return time.process_time() - began

    return 1e3 * (seconds(250) - seconds(50)) / 200


def main() -> None:
    """Train every cell that has no result yet, and write the table of those complete."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--estimators", nargs="+", choices=list(CELLS), default=list(CELLS))
    arguments = parser.parse_args()
    lines = [
        f"| estimator | {' | '.join(COLUMNS)} | ms a step |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    for name in arguments.estimators:
        cells = [
            Cell(
                {"estimator": name, "seed": seed},
                {**example("digits", *CELLS[name]), "seed": seed},
            )
            for seed in SEEDS
        ]
        entries = run_cells(cells, RESULTS / "estimators.jsonl", jobs=arguments.jobs)
        values = [entry["values"] for entry in entries]
        shown = [
            "{:.3f} ± {:.3f}".format(*mean_and_error(value[column] for value in values))
            if all(column in value for value in values)
            else "-"
            for column in COLUMNS.values()
        ]
        lines.append(f"| `{name}` | {' | '.join(shown)} | {milliseconds(CELLS[name]):.1f} |")
        (RESULTS / "estimators.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(lines[-1], flush=True)


if __name__ == "__main__":
    main()
